// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.simulator.SimResult;
import java.util.ArrayList;
import java.util.List;

/** Results of the simulator as people read them. */
public final class SimulationText {
  private SimulationText() {}

  /** A row for each result, in their order. */
  public static List<String> table(List<SimResult> results) {
    TextTable table =
        new TextTable(
            "offered",
            "goodput",
            "on time",
            "refused",
            "p50",
            "p99",
            "p99.9",
            "rows/batch",
            "busy");
    for (SimResult result : results) {
      table.add(
          Units.rate(result.offeredRate()),
          Units.rate(result.goodput()),
          Units.percent(result.shareOnTime()),
          result.offered() == 0
              ? TextTable.NO_FIGURE
              : Units.percent(1 - (double) result.answered() / result.offered()),
          latency(result, 50),
          latency(result, 99),
          latency(result, 99.9),
          result.batches() == 0 ? TextTable.NO_FIGURE : Units.number(result.rowsPerBatch()),
          Units.percent(result.utilisation()));
    }
    return table.lines();
  }

  /** One result in a sentence. */
  public static String sentence(SimResult result) {
    return "%s offered: %s answered in time (%s), half within %s, 99 %% within %s"
        .formatted(
            Units.rate(result.offeredRate()),
            Units.rate(result.goodput()),
            Units.percent(result.shareOnTime()),
            latency(result, 50),
            latency(result, 99));
  }

  /** What was not in time and why it was lost; empty if all were in time. */
  public static List<String> losses(SimResult result) {
    List<String> lines = new ArrayList<>();
    if (result.onTime() < result.offered()) {
      lines.add(
          "%s of the running time went into answers that came too late; 99 %% of those who got no "
                  .formatted(Units.percent(result.wasted()))
              + "answer in time knew it within "
              + Units.time(result.timeToNegative().percentileNanos(99)));
    }
    return lines;
  }

  /** A rate as a sentence has it. */
  public static String rate(double perSecond) {
    return Units.rate(perSecond);
  }

  public static String time(long nanos) {
    return Units.shortTime((double) nanos);
  }

  private static String latency(SimResult result, double percent) {
    return result.answered() == 0
        ? TextTable.NO_FIGURE
        : Units.time(result.latency().percentileNanos(percent));
  }
}
