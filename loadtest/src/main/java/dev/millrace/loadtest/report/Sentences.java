// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static dev.millrace.loadtest.report.Units.count;
import static dev.millrace.loadtest.report.Units.rate;
import static dev.millrace.loadtest.report.Units.seconds;
import static dev.millrace.loadtest.report.Units.time;

import dev.millrace.loadtest.load.Comparison;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Overload;
import dev.millrace.loadtest.load.Peak;
import java.util.ArrayList;
import java.util.List;

/** What a report says in words, in text and HTML alike. */
final class Sentences {
  private Sentences() {}

  static List<String> summary(Measurement measurement) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s OK of %s requests in %s: %s"
            .formatted(
                count(measurement.ok()),
                count(measurement.answered()),
                seconds(measurement.seconds()),
                rate(measurement.rate())));
    // the same number twice would only raise questions
    if (measurement.goodput() < 0.9999 * measurement.rate()) {
      lines.add("goodput %s (right and in time)".formatted(rate(measurement.goodput())));
    }
    return lines;
  }

  static String peak(Peak peak) {
    String goal = "%s ≤ %s".formatted(peak.slo().name(), time(peak.slo().limitNanos()));
    return peak.confirmed()
            .map(
                trial ->
                    "peak at %s: %s offered, %s OK"
                        .formatted(goal, rate(trial.offered()), rate(trial.measurement().rate())))
            .orElse("no rate was confirmed to meet " + goal)
        + "; a closed loop reaches "
        + rate(peak.closedLoop().rate());
  }

  static String overload(Overload overload) {
    return "beyond the peak of %s, each request with a deadline of %s"
        .formatted(rate(overload.peak()), time(overload.deadlineNanos()));
  }

  static String rounds(Comparison comparison) {
    return "%d rounds, A and B by turns; A and B are medians".formatted(comparison.rounds());
  }
}
