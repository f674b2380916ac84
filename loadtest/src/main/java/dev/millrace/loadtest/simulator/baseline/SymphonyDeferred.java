// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.List;

/**
 * Symphony on one model: batches start as late as they may.
 *
 * <p>With the first deadline d and b rows that can still meet it, the batch may start between d
 * &minus; l(b + 1), when a further request could no longer join, and d &minus; l(b). An idle
 * replica waits for that window to open, or for the batch to reach its target: the largest b with
 * l(b)(1 + 1/n) &le; SLO, at which n replicas stagger. If the first request cannot wait for a batch
 * of the target, it is dropped. All latency that the SLO allows is spent at every load.
 *
 * <p>l is the given curve times 1 + margin. Shapes are models of their own; of several open windows
 * the earliest deadline goes first. Not modelled: several models with different SLOs, choice of the
 * replica, messages to it. A request without a deadline counts as due an SLO after it came.
 */
public final class SymphonyDeferred implements Scheduler {
  private final CurveTable table;
  private final long sloNanos;
  private final int replicas;
  private final DeadlineLanes lanes = new DeadlineLanes();

  /**
   * @param margin of safety on all running times, 0 for none
   */
  public SymphonyDeferred(
      ServiceCurve curve, int replicas, long sloNanos, int maxBatch, double margin) {
    if (!(margin >= 0)) {
      throw new IllegalArgumentException("margin: " + margin + " (expected at least 0)");
    }
    ServiceCurve safe = (shape, rows) -> Math.round(curve.nanos(shape, rows) * (1 + margin));
    this.table = new CurveTable(safe, maxBatch);
    this.sloNanos = sloNanos;
    this.replicas = Check.positive("replicas", replicas);
  }

  /** Rows of a batch of this shape that is worth starting before its window opens. */
  int target(int shape) {
    long budgetNanos = (long) (sloNanos / (1 + 1.0 / replicas));
    return Math.max(1, table.largestWithin(shape, table.maxBatch(), budgetNanos));
  }

  @Override
  public void offer(long nowNanos, SimRequest request) {
    lanes.add(request);
  }

  @Override
  public Move next(long nowNanos, int replica) {
    Lane open = null;
    long untilNanos = Long.MAX_VALUE;
    List<Lane> all = lanes.all();
    for (int i = 0; i < all.size(); i++) {
      Lane lane = all.get(i);
      drop(nowNanos, lane);
      if (!lane.isEmpty()) {
        long opensNanos = opensNanos(nowNanos, lane);
        if (opensNanos > nowNanos) {
          untilNanos = Math.min(untilNanos, opensNanos);
        } else if (open == null || dueNanos(lane.first()) < dueNanos(open.first())) {
          open = lane;
        }
      }
    }
    return open == null
        ? new Move.Wait(untilNanos)
        : new Move.Run(open.take(candidate(nowNanos, open)));
  }

  @Override
  public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    // nothing to learn
  }

  private void drop(long nowNanos, Lane lane) {
    while (!lane.isEmpty()) {
      SimRequest first = lane.first();
      int rows = lane.rows(lane.prefix(target(first.shape())));
      if (nowNanos + table.nanos(first.shape(), rows) <= dueNanos(first)) {
        return;
      }
      lanes.dropFirst(nowNanos, lane);
    }
  }

  /** How many requests would run now: the most that the first has time for. */
  private int candidate(long nowNanos, Lane lane) {
    SimRequest first = lane.first();
    int rows = table.largestWithin(first.shape(), table.maxBatch(), dueNanos(first) - nowNanos);
    return lane.prefix(rows);
  }

  /** When the window of the batch opens that would run now; now or earlier if it is open. */
  private long opensNanos(long nowNanos, Lane lane) {
    SimRequest first = lane.first();
    int count = candidate(nowNanos, lane);
    int rows = lane.rows(count);
    if (count < lane.size() || rows >= target(first.shape())) {
      return nowNanos;
    }
    return dueNanos(first) - table.nanos(first.shape(), rows + 1);
  }

  private long dueNanos(SimRequest request) {
    return request.deadlineNanos() == Long.MAX_VALUE
        ? request.arrivalNanos() + sloNanos
        : request.deadlineNanos();
  }
}
