// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Window;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** What makes the measurements of one server a failure. */
final class Failures {
  // answers that a silence must be short of, to be more than the gaps of a low rate
  private static final double MISSED = 50;

  private Failures() {}

  /** A line each; none for a server that was not measured. */
  static List<String> of(List<Measurement> measurements) {
    List<String> failures = new ArrayList<>();
    if (!measurements.isEmpty() && measurements.stream().allMatch(m -> m.ok() == 0)) {
      failures.add(
          "no request succeeded: "
              + measurements.stream()
                  .flatMap(measurement -> reasons(measurement).stream())
                  .findFirst()
                  .orElse("there was no answer"));
    }
    long lost = measurements.stream().filter(Failures::isLost).count();
    if (lost > 0 && lost < measurements.size()) {
      failures.add(
          "the server was not there in %d of %d measurements".formatted(lost, measurements.size()));
    }
    long wrong = measurements.stream().mapToLong(Measurement::wrong).sum();
    if (wrong > 0) {
      failures.add(
          "%s of the answers that were checked are wrong: %s"
              .formatted(
                  Units.count(wrong),
                  measurements.stream()
                      .map(Measurement::wrongExample)
                      .filter(Objects::nonNull)
                      .findFirst()
                      .orElse("no example")));
    }
    return failures;
  }

  // what the load tester itself says of a server that is gone (UNAVAILABLE) or silent (CANCELLED);
  // one that has too much to do says something else to some, at least
  private static boolean isLost(Measurement measurement) {
    return measurement.outcomes().entrySet().stream()
        .filter(outcome -> outcome.getValue() > 0)
        .allMatch(
            outcome ->
                outcome.getKey() == Status.Code.UNAVAILABLE
                    || outcome.getKey() == Status.Code.CANCELLED);
  }

  /** A server that is lost on the way leaves windows at the end in which nothing succeeds. */
  static Optional<String> silence(List<Window> windows) {
    int last = windows.size() - 1;
    while (last >= 0 && windows.get(last).rate() == 0) {
      last--;
    }
    if (last < 0 || last == windows.size() - 1) {
      return Optional.empty();
    }
    double silent = windows.getLast().seconds() - windows.get(last).seconds();
    double rate = windows.stream().mapToDouble(Window::rate).max().orElse(0);
    return rate * silent < MISSED
        ? Optional.empty()
        : Optional.of("no request succeeded in the last " + Units.seconds(silent));
  }

  private static List<String> reasons(Measurement measurement) {
    return measurement.outcomes().keySet().stream()
        .filter(code -> code != Status.Code.OK)
        .map(
            code ->
                measurement.messages().containsKey(code)
                    ? code + ": " + measurement.messages().get(code)
                    : code.name())
        .toList();
  }
}
