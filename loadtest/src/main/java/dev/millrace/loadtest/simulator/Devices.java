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
  private double wastedNanos;

  Devices(int replicas, long fromNanos, long toNanos) {
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

  void start(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    running[replica] = batch;
    beginNanos[replica] = nowNanos;
    endNanos[replica] = nowNanos + runNanos;
    busy++;
  }

  /** Ends the batch of a replica, which is idle then; returns how long it ran. */
  long finish(int replica) {
    long now = endNanos[replica];
    long runNanos = now - beginNanos[replica];
    if (beginNanos[replica] >= fromNanos && beginNanos[replica] < toNanos) {
      count(running[replica], now, runNanos);
    }
    endNanos[replica] = Long.MAX_VALUE;
    busy--;
    return runNanos;
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
