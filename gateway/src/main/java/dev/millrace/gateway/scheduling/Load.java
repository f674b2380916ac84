// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.scheduling;

import dev.millrace.batching.QueueReport;
import dev.millrace.batching.QueueReport.Lately;
import dev.millrace.batching.QueueReport.SizedCurve;
import dev.millrace.batching.cost.Curve;
import java.util.Comparator;

/** What follows from a report: how much is asked for, and what could be done. */
final class Load {
  /** Each replica has been heard of by then. */
  private static final int SETTLED_BATCHES = 4;

  private final SchedulingReport report;

  Load(SchedulingReport report) {
    this.report = report;
  }

  QueueReport queue() {
    return report.queue();
  }

  Lately lately() {
    return report.queue().lately();
  }

  /** The replicas to count on. */
  int replicas() {
    boolean settled = queue().batches() >= (long) SETTLED_BATCHES * report.replicas();
    return Math.max(1, settled ? queue().replicas() : report.replicas());
  }

  /** What most rows cost. */
  Curve curve() {
    return queue().curves().stream()
        .max(
            Comparator.comparingDouble(SizedCurve::rowRate)
                .thenComparingInt(sized -> sized.curve().samples()))
        .map(SizedCurve::curve)
        .orElse(Curve.UNKNOWN);
  }

  /** Sizes of rows that came lately. */
  long sizes() {
    return queue().curves().stream().filter(sized -> sized.rowRate() > 0).count();
  }

  /** Rows per second that are asked for, refused or not. */
  double demand() {
    return lately().arrivedRows() + lately().refusedRows();
  }

  /** Rows per second that got no answer. */
  double turnedAway() {
    return lately().refusedRows() + lately().shedRows();
  }

  /** Share of the replicas' time in which they ran. */
  double busy() {
    return Math.min(1, lately().busyReplicas() / replicas());
  }

  boolean hasDeadlines() {
    return queue().hasDeadlines();
  }

  /** Rows of the best batch that can be run again and again. */
  int bestSize(Curve curve) {
    return queue().bestSize(curve, replicas());
  }

  /** Rows per second of one replica that runs nothing but batches of such a size. */
  static double throughput(Curve curve, int rows) {
    return 1e9 * rows / Math.max(1, curve.mean(rows));
  }

  /** Replicas that the demand would keep busy with batches of the best size. */
  double neededReplicas() {
    return demand() * queue().secondsPerRow(replicas());
  }

  boolean isSaturated() {
    boolean refuses = turnedAway() > 0.01 * demand() && busy() > 0.8;
    return neededReplicas() >= 0.95 * replicas() || refuses;
  }
}
