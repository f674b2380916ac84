// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

import dev.millrace.batching.cost.Curve;

/**
 * Plays a decision out: how many rows are on time within two objectives from now, if after it every
 * replica takes batches of the sustainable size and drops what those would make late, over what
 * waits and what is to be expected.
 *
 * <p>The last batch counts by the part of it that lies within the horizon. Without that, decisions
 * that put work off look better than they are.
 */
final class Rollout {
  /** A decision is to cost microseconds, even where an objective is long and batches are short. */
  private static final int MOST_BATCHES = 64;

  private final long now;
  private final LaneView lane;
  private final Curve cost;
  private final int best;
  private final long objective;
  private final long horizon;
  private final double gap;
  private final long[] busyUntil;
  private final long[] free;

  // what comes next: the waiting item `index`, and behind the last the virtual arrivals
  private int index;
  private int takenOfItem;
  private long virtual;

  Rollout(long nowNanos, QueueView queue, int best) {
    this.now = nowNanos;
    this.lane = queue.lane();
    this.cost = lane.cost();
    this.best = best;
    this.objective = Math.min(lane.objectiveNanos(), BatchPolicy.PATIENCE_NANOS);
    this.horizon = nowNanos + Math.min(2 * objective, MOST_BATCHES * cost.mean(best));
    this.gap = 1 / Math.max(queue.arrivalRate(), 1e-12);
    int others = Math.min(queue.busy(), Math.max(0, queue.replicas() - 1));
    this.busyUntil = new long[Math.max(1, queue.replicas())];
    for (int i = 0; i < others; i++) {
      busyUntil[i + 1] = Math.max(nowNanos, queue.busyUntilNanos(i));
    }
    for (int i = others + 1; i < busyUntil.length; i++) {
      busyUntil[i] = nowNanos;
    }
    this.free = new long[busyUntil.length];
  }

  /** Rows on time if {@code skip} items are dropped now and {@code rows} are run. */
  double onTime(int skip, int rows) {
    System.arraycopy(busyUntil, 0, free, 0, free.length);
    index = skip;
    takenOfItem = 0;
    virtual = 0;
    skipRows(rows);
    free[0] = now + cost.mean(rows);
    double onTime = rows;
    while (true) {
      int replica = earliest();
      long start = free[replica];
      if (start >= horizon) {
        return onTime;
      }
      int size = nextBatch(start);
      if (size == 0) {
        free[replica] = nextArrival(start);
        continue;
      }
      long end = start + cost.mean(size);
      skipRows(size);
      onTime += end <= horizon ? size : size * (double) (horizon - start) / (end - start);
      free[replica] = Math.max(end, start + 1);
    }
  }

  /** Drops what a batch at that time would make late; answers its size. */
  private int nextBatch(long start) {
    int waiting = waitingRows(start);
    while (waiting > 0 && nextDeadline() - start < cost.plus(Math.min(best, waiting))) {
      int late = lateAlike(start, waiting);
      skipRows(late);
      waiting -= late;
    }
    return Math.min(best, waiting);
  }

  /** Rows to drop at once: in a flood, those to come are late by the million. At least 1. */
  private int lateAlike(long start, int waiting) {
    if (index < lane.items() || waiting <= best) {
      return 1;
    }
    double late = (start + cost.plus(best) - objective - now) / gap - virtual - 1;
    return (int) Math.clamp(late, 1, waiting - best);
  }

  /** Rows that wait at that time, counted up to the batch that may be made of them and a margin. */
  private int waitingRows(long start) {
    int rows = -takenOfItem;
    int most = 4 * best;
    for (int i = index; i < lane.items() && rows < most; i++) {
      rows += lane.rows(i);
    }
    rows = Math.max(0, rows);
    long arrived = (long) ((start - now) / gap);
    return (int) Math.min(rows + Math.max(0, arrived - virtual), Integer.MAX_VALUE / 2);
  }

  private void skipRows(int rows) {
    int left = rows;
    while (left > 0 && index < lane.items()) {
      int ofItem = Math.min(left, lane.rows(index) - takenOfItem);
      takenOfItem += ofItem;
      left -= ofItem;
      if (takenOfItem == lane.rows(index)) {
        index++;
        takenOfItem = 0;
      }
    }
    virtual += left;
  }

  private long nextDeadline() {
    if (index < lane.items()) {
      return lane.deadlineNanos(index);
    }
    return now + (long) ((virtual + 1) * gap) + objective;
  }

  private long nextArrival(long start) {
    return Math.max(start + 1, now + (long) ((virtual + 1) * gap) + 1);
  }

  private int earliest() {
    int earliest = 0;
    for (int i = 1; i < free.length; i++) {
      if (free[i] < free[earliest]) {
        earliest = i;
      }
    }
    return earliest;
  }
}
