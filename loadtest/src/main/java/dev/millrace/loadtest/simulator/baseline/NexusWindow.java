// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.List;
import java.util.Optional;

/**
 * Nexus on one model: a planned batch, an eager pull in order of deadlines, and requests dropped
 * before they run.
 *
 * <p>The planned batch is the largest that runs twice within the SLO: once for a request that came
 * too late for it, once for its own. <em>Early</em> drop slides a window as long as the planned
 * batch over the queue and drops requests until the first in it can wait for the run of the whole
 * window. <em>Lazy</em> drop, which its paper holds early drop against, drops only a request that
 * cannot run in time even alone, and then runs what the first one has time for: so after a stall
 * the batches get small just when they should be large.
 *
 * <p>There, a front end spreads requests over back ends by weight; here all replicas pull from one
 * queue, which is kinder. Each shape is a session of its own with a queue of its own, and the one
 * with the earliest deadline is served first. Not modelled: duty cycles of several models on a
 * device, prefixes shared by models, the epochs of its planner. As there, what is dropped hears of
 * it when a batch is formed.
 */
public final class NexusWindow implements Scheduler {
  private enum Drop {
    EARLY,
    LAZY
  }

  private final Drop drop;
  private final CurveTable table;
  private final long sloNanos;
  private final DeadlineLanes lanes = new DeadlineLanes();

  private NexusWindow(Drop drop, ServiceCurve curve, long sloNanos, int maxBatch) {
    this.drop = drop;
    this.table = new CurveTable(curve, maxBatch);
    this.sloNanos = sloNanos;
  }

  public static NexusWindow early(ServiceCurve curve, long sloNanos, int maxBatch) {
    return new NexusWindow(Drop.EARLY, curve, sloNanos, maxBatch);
  }

  public static NexusWindow lazy(ServiceCurve curve, long sloNanos, int maxBatch) {
    return new NexusWindow(Drop.LAZY, curve, sloNanos, maxBatch);
  }

  /** Rows of the planned batch of a shape; at least 1. */
  int planned(int shape) {
    return Math.max(1, table.largestWithin(shape, table.maxBatch(), sloNanos / 2));
  }

  @Override
  public void offer(long nowNanos, SimRequest request) {
    lanes.add(request);
  }

  @Override
  public Move next(long nowNanos, int replica) {
    for (; ; ) {
      Optional<Lane> earliest = lanes.earliest();
      if (earliest.isEmpty()) {
        return Move.IDLE;
      }
      Lane lane = earliest.get();
      int count = count(nowNanos, lane);
      if (count > 0) {
        return new Move.Run(lane.take(count));
      }
      lanes.dropFirst(nowNanos, lane);
    }
  }

  @Override
  public void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos) {
    // nothing to learn
  }

  /** How many to run from the first on; 0 if the first is to be dropped. */
  private int count(long nowNanos, Lane lane) {
    SimRequest first = lane.first();
    int planned = planned(first.shape());
    long budgetNanos = first.deadlineNanos() - nowNanos;
    int rows =
        switch (drop) {
          case EARLY -> planned;
          case LAZY -> table.largestWithin(first.shape(), planned, budgetNanos);
        };
    int count = lane.prefix(rows);
    return table.nanos(first.shape(), lane.rows(count)) <= budgetNanos ? count : 0;
  }
}
