// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.Arrays;
import java.util.List;

/** The replicas: what runs on each, and what all of them have done in the measured window. */
final class Devices {
  private static final List<SimRequest> NOTHING = List.of();

  private final long fromNanos;
  private final long toNanos;
  private final long[] endNanos;
  private final long[] beginNanos;
  private final List<SimRequest>[] running;
  private int busy;
  private long batches;
  private long rows;
  private double busyNanos;

  // of a device that replicas share: what is left of each run, as long as it would take alone
  private final ServiceModel service;
  private final double[] leftNanos;
  private long progressedNanos;

  private double wastedNanos;

  Devices(int replicas, ServiceModel service, long fromNanos, long toNanos) {
    this.service = service;
    this.leftNanos = new double[replicas];
    this.fromNanos = fromNanos;
    this.toNanos = toNanos;
    this.endNanos = new long[replicas];
    this.beginNanos = new long[replicas];
    this.running = newLists(replicas);
    Arrays.fill(endNanos, Long.MAX_VALUE);
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type
  private static List<SimRequest>[] newLists(int count) {
    List<SimRequest>[] lists = new List[count];
    Arrays.fill(lists, NOTHING);
    return lists;
  }

  boolean isIdle(int replica) {
    return endNanos[replica] == Long.MAX_VALUE;
  }

  int busy() {
    return busy;
  }

  int count() {
    return endNanos.length;
  }

  /** The replica whose batch ends first; 0 if none runs. */
  int first() {
    int first = 0;
    for (int i = 1; i < endNanos.length; i++) {
      if (endNanos[i] < endNanos[first]) {
        first = i;
      }
    }
    return first;
  }

  /** Long.MAX_VALUE if it is idle. */
  long endNanos(int replica) {
    return endNanos[replica];
  }

  /**
   * Starts a batch on a replica.
   *
   * @param runNanos what it takes by itself
   */
  void start(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    progress(nowNanos);
    running[replica] = batch;
    beginNanos[replica] = nowNanos;
    endNanos[replica] = nowNanos + runNanos;
    leftNanos[replica] = runNanos;
    busy++;
    share(nowNanos);
  }

  /** Ends the batch of a replica, which is idle then; returns how long it ran. */
  long finish(int replica) {
    long now = endNanos[replica];
    progress(now);
    long runNanos = now - beginNanos[replica];
    if (beginNanos[replica] >= fromNanos && beginNanos[replica] < toNanos) {
      count(running[replica], now, runNanos);
    }
    endNanos[replica] = Long.MAX_VALUE;
    busy--;
    share(now);
    return runNanos;
  }

  private void progress(long nowNanos) {
    if (!service.isShared()) {
      return;
    }
    double done = (nowNanos - progressedNanos) * pace();
    for (int i = 0; i < leftNanos.length; i++) {
      leftNanos[i] = isIdle(i) ? 0 : Math.max(0, leftNanos[i] - done);
    }
    progressedNanos = nowNanos;
  }

  /** What runs ends sooner or later than it was to, since another run has begun or ended. */
  private void share(long nowNanos) {
    for (int i = 0; i < leftNanos.length && service.isShared(); i++) {
      if (!isIdle(i)) {
        endNanos[i] = nowNanos + Math.round(leftNanos[i] / pace());
      }
    }
  }

  private double pace() {
    return busy == 0 ? 0 : service.together(busy) / busy;
  }

  List<SimRequest> batch(int replica) {
    return running[replica];
  }

  private void count(List<SimRequest> batch, long now, long runNanos) {
    int all = 0;
    int late = 0;
    for (int i = 0; i < batch.size(); i++) {
      SimRequest request = batch.get(i);
      all += request.rows();
      late += request.deadlineNanos() < now ? request.rows() : 0;
    }
    batches++;
    rows += all;
    busyNanos += runNanos;
    wastedNanos += (double) runNanos * late / all;
  }

  long batches() {
    return batches;
  }

  long rows() {
    return rows;
  }

  double busyNanos() {
    return busyNanos;
  }

  double wastedNanos() {
    return wastedNanos;
  }
}
