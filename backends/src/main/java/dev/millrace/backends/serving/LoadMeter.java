// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.LoadReading;
import dev.millrace.batching.QueueReport;
import dev.millrace.batching.Rejection;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** Reads the load of a served version from what it counts anyway. */
final class LoadMeter {
  /** More replicas could have answered these. */
  private static final Set<Rejection> TOO_MUCH_TO_DO =
      EnumSet.complementOf(EnumSet.of(Rejection.INFEASIBLE, Rejection.CLOSED));

  private LoadMeter() {}

  static LoadReading read(ServedVersion served) {
    // first: a run that ends in between is missed, and not counted twice
    ServingStatistics.Snapshot statistics = served.statistics().snapshot();
    long ranNanos = statistics.gatherNanos() + statistics.runNanos() + statistics.scatterNanos();
    // those in a run that lasts too long, too: they are busy, and may be back at any time
    int replicas = served.replicaCount();
    Histogram.Snapshot queueTimes = statistics.queueTimes().coarse();
    QueueReport queue = served.scheduling();
    return new LoadReading(
        served.nanoTime(),
        replicas,
        statistics.requests(),
        turnedAway(statistics.rejections()),
        statistics.rows(),
        statistics.batches(),
        served.queuedRows(),
        ranNanos + served.lastingRunNanos(),
        ranNanos,
        statistics.queueNanos(),
        queueTimes.upperBounds(),
        queueTimes.counts(),
        queue.secondsPerRow(replicas),
        1 - queue.lately().loopShare());
  }

  private static long turnedAway(Map<Rejection, Long> rejections) {
    return TOO_MUCH_TO_DO.stream().mapToLong(kind -> rejections.getOrDefault(kind, 0L)).sum();
  }
}
