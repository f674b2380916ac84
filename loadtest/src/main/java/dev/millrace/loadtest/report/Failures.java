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
    long silent = measurements.stream().filter(m -> m.answered() == 0).count();
    if (silent > 0 && silent < measurements.size()) {
      failures.add(
          "no answer at all in %d of %d measurements".formatted(silent, measurements.size()));
    }
    long wrong = measurements.stream().mapToLong(Measurement::wrong).sum();
    if (wrong > 0) {
      failures.add(
          "%d of the answers that were checked are wrong: %s"
              .formatted(
                  wrong,
                  measurements.stream()
                      .map(Measurement::wrongExample)
                      .filter(Objects::nonNull)
                      .findFirst()
                      .orElse("no example")));
    }
    return failures;
  }

  /** A server that is lost on the way leaves windows without any answer at the end. */
  static Optional<String> silence(List<Window> windows) {
    int last = windows.size() - 1;
    while (last >= 0 && windows.get(last).rate() == 0 && windows.get(last).failed() == 0) {
      last--;
    }
    if (last < 0 || last == windows.size() - 1) {
      return Optional.empty();
    }
    double silent = windows.getLast().seconds() - windows.get(last).seconds();
    double rate = windows.stream().mapToDouble(Window::rate).max().orElse(0);
    return rate * silent < MISSED
        ? Optional.empty()
        : Optional.of("no answer at all in the last " + Units.seconds(silent));
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
