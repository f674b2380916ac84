// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.load.Measurement;
import java.util.ArrayList;
import java.util.List;

/** What makes the figures of a measurement worth less than they look. */
final class Warnings {
  // an event loop that is busier than this has requests waiting for it
  private static final double BUSY = 0.9;

  private Warnings() {}

  static List<String> of(Measurement measurement) {
    List<String> warnings = new ArrayList<>();
    if (measurement.fellBehind()) {
      warnings.add(
          "the load tester itself is the limit: requests left late (p99 %s after their time)"
              .formatted(Units.time(measurement.lag().getValueAtPercentile(99))));
    }
    if (measurement.loopBusy() > BUSY) {
      warnings.add(
          "the load tester itself is the limit: its event loop worked %.0f %% of the time"
                  .formatted(100 * measurement.loopBusy())
              + " (more --event-loops help where there are free cores)");
    }
    if (measurement.wrong() > 0) {
      warnings.add(
          "wrong answers: %s%s"
              .formatted(
                  Units.count(measurement.wrong()),
                  measurement.wrongExample() == null
                      ? ""
                      : ", for example " + measurement.wrongExample()));
    }
    return warnings;
  }
}
