// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

import dev.millrace.batching.cost.Curve;

/**
 * The policy without a knob: an idle replica takes, of the lane with the most urgent head, as many
 * rows as serve all that wait best. Run times and arrival rate are learned.
 *
 * <ul>
 *   <li><b>Right size.</b> Draining z rows in equal batches of b, while others come that need s
 *       rows a batch to be kept up with, takes in total a time proportional to {@code (z + b)(alpha
 *       + beta·b)/(b - s)}, least at {@code b = s + sqrt((s + z)(s + alpha/beta))}. A model that
 *       gains nothing from batches gets none, a busy one the batches of most throughput.
 *   <li><b>Stagger.</b> Of several replicas, an idle one waits for its share of the arrivals
 *       instead of taking one request right behind a batch that has just left; only if a wait is
 *       worth what it costs.
 *   <li><b>Feasible.</b> A batch is no larger than its head's deadline allows. If that would cost
 *       throughput, the {@link Rollout} tells whether the smaller batch or the loss of the head
 *       leaves more requests on time. Where priorities order a lane, whoever behind the head would
 *       be late in the batch gets no place in it.
 * </ul>
 *
 * <p>Why, and what was tried: ADR 11; measured in {@code docs/scheduling.md}.
 */
public final class SlackPull implements BatchPolicy {
  /** Of a replica's time, what arrivals may need: above, batches of the best size are taken. */
  private static final double UTILISATION = 0.9;

  private static final double UTILISATION_TO_DEADLINE = 0.85;

  /**
   * A sleep takes 100 µs more than asked for. That is no harm where an arrival mostly ends the wait
   * before; but no wait is planned that is not twice as long.
   */
  private static final long LEAST_WAIT_NANOS = 200_000;

  /** Of requests that have none, for the order of their priorities. */
  private static final long USUAL_OBJECTIVE_NANOS = 100_000_000;

  /** Times alpha over beta: a batch with 98 % of all the throughput that there could be. */
  private static final double ENOUGH = 49;

  /** How much faster than on average rows come just now, perhaps: the average lags in bursts. */
  private static final double CLUSTERING = 1.15;

  private static final long NEVER = Long.MAX_VALUE;

  @Override
  public long urgency(long arrivalNanos, long deadlineNanos, int priority) {
    long patience = arrivalNanos + PATIENCE_NANOS;
    if (priority <= 0) {
      return Math.min(deadlineNanos, patience);
    }
    // each lower class is served as if it had so much more time, up to a bound: nobody starves
    long objective = deadlineNanos == NEVER ? USUAL_OBJECTIVE_NANOS : deadlineNanos - arrivalNanos;
    long bound = Math.max(10 * Math.min(objective, PATIENCE_NANOS / 10), 1_000_000_000L);
    long later = Math.min(Math.min(objective, bound) * Math.min(priority, 64), bound);
    return Math.min(deadlineNanos, patience) + later;
  }

  @Override
  public Decision decide(long nowNanos, QueueView queue) {
    LaneView lane = queue.lane();
    Decision decision = decideForHead(nowNanos, queue);
    if (decision.kind() != Decision.Kind.RUN || !lane.isByPriority() || !isPredictable(queue)) {
      return decision;
    }
    return inTime(nowNanos, lane, Math.min(decision.count(), lane.rows()));
  }

  /**
   * What waits behind the head may have less time than the head. Of the size that suits the head
   * and smaller ones, the one that answers most rows in time for the time it takes; who would be
   * late in that gets no place.
   */
  private static Decision inTime(long nowNanos, LaneView lane, int suited) {
    Curve cost = lane.cost();
    int best = suited;
    double bestRate = -1;
    for (int size = suited; size >= lane.rows(0); size /= 2) {
      int rows = rowsInTime(nowNanos + cost.mean(size), lane, size);
      double rate = rows / (double) Math.max(1, cost.mean(Math.max(1, rows)));
      if (rate > bestRate) {
        best = size;
        bestRate = rate;
      }
    }
    return Decision.run(best, nowNanos + cost.mean(best));
  }

  /** Of a batch that ends then, as many as fit. */
  private static int rowsInTime(long endNanos, LaneView lane, int size) {
    int rows = 0;
    for (int i = 0; i < lane.items() && rows < size; i++) {
      if (lane.deadlineNanos(i) >= endNanos) {
        rows += lane.rows(i);
      }
    }
    return Math.min(rows, size);
  }

  private static Decision decideForHead(long nowNanos, QueueView queue) {
    LaneView lane = queue.lane();
    Curve cost = lane.cost();
    long slack = slack(nowNanos, queue);
    if (slack == NEVER) {
      return lane.runsAlone() ? Decision.run(1) : withoutDeadline(nowNanos, queue);
    }
    int feasible = cost.rowsWithin(slack);
    if (feasible < lane.rows(0)) {
      return Decision.shed(certainlyLate(nowNanos, lane));
    }
    return lane.runsAlone() ? Decision.run(1) : withDeadline(nowNanos, queue, feasible);
  }

  /** Time until the head's deadline, as far as a prediction can be trusted to keep it. */
  private static long slack(long nowNanos, QueueView queue) {
    long deadline = queue.lane().deadlineNanos(0);
    return deadline == NEVER || !isPredictable(queue) ? NEVER : deadline - nowNanos;
  }

  private static boolean isPredictable(QueueView queue) {
    Curve cost = queue.lane().cost();
    return cost.isTrusted() && !cost.isDue(queue.sinceLastBatchNanos());
  }

  /** Items from the head on that even a batch of their own would not save. */
  private static int certainlyLate(long nowNanos, LaneView lane) {
    Curve cost = lane.cost();
    int late = 1;
    while (!lane.runsAlone()
        && late < lane.items()
        && lane.deadlineNanos(late) - nowNanos < cost.plus(lane.rows(late))) {
      late++;
    }
    return late;
  }

  private static Decision withoutDeadline(long nowNanos, QueueView queue) {
    LaneView lane = queue.lane();
    Curve cost = lane.cost();
    int limit = Math.min(cost.limit(), queue.maxBatchRows());
    int want = Math.min(limit, lane.rows());
    if (limit <= 1) {
      return Decision.run(1);
    }
    double sustaining = sustaining(queue, cost, UTILISATION);
    if (queue.replicas() >= 3 && sustaining <= cost.knee() && staggers(queue, cost, sustaining)) {
      long wait = (long) (1.25 * sustaining / queue.arrivalRate());
      long until = lane.arrivalNanos(0) + wait;
      if (wait > LEAST_WAIT_NANOS && until > nowNanos) {
        return Decision.waitUntil(until);
      }
    }
    return Decision.run(rightSize(queue, sustaining, want));
  }

  private static Decision withDeadline(long nowNanos, QueueView queue, int feasible) {
    LaneView lane = queue.lane();
    Curve cost = lane.cost();
    int limit = Math.min(cost.limit(), queue.maxBatchRows());
    int want = Math.min(limit, lane.rows());
    if (feasible < want) {
      return conflict(nowNanos, queue, feasible, limit);
    }
    int best = cost.sustainable(lane.objectiveNanos(), queue.replicas());
    double sustaining = Math.min(best, sustaining(queue, cost, UTILISATION_TO_DEADLINE));
    int size = rightSize(queue, sustaining, want);
    if (queue.replicas() >= 2 && staggers(queue, cost, sustaining)) {
      double rate = queue.arrivalRate();
      long share = lane.arrivalNanos(0) + (long) (1.5 * sustaining / rate);
      long latest = lane.deadlineNanos(0) - cost.plus(size + 1) - (long) (1 / rate);
      long until = Math.min(share, latest);
      if (until - nowNanos > LEAST_WAIT_NANOS) {
        return Decision.waitUntil(until);
      }
    }
    return Decision.run(size);
  }

  /** The head's deadline asks for a smaller batch than the queue does. */
  private static Decision conflict(long nowNanos, QueueView queue, int feasible, int limit) {
    LaneView lane = queue.lane();
    Curve cost = lane.cost();
    int best = Math.min(limit, cost.sustainable(lane.objectiveNanos(), queue.replicas()));
    int skip = 0;
    int rowsLeft = lane.rows();
    while (skip < lane.items()
        && lane.deadlineNanos(skip) != NEVER
        && lane.deadlineNanos(skip) - nowNanos < cost.plus(Math.min(best, rowsLeft))) {
      rowsLeft -= lane.rows(skip);
      skip++;
    }
    if (skip == 0 || skip == lane.items()) {
      return Decision.run(feasible);
    }
    Rollout rollout = new Rollout(nowNanos, queue, best);
    double kept = rollout.onTime(0, feasible);
    double dropped = rollout.onTime(skip, Math.min(best, rowsLeft));
    return kept > dropped ? Decision.run(feasible) : Decision.shed(skip);
  }

  /** Rows a batch needs for replicas to keep up with the arrivals, or nearly, if they cannot. */
  private static double sustaining(QueueView queue, Curve cost, double utilisation) {
    double most = ENOUGH * cost.alpha() / cost.beta();
    double left = utilisation * queue.replicas() - queue.marginalLoad();
    return left > 0 ? Math.min(most, queue.arrivalRate() * cost.alpha() / left) : most;
  }

  private static boolean staggers(QueueView queue, Curve cost, double sustaining) {
    return queue.mayWait()
        && queue.busy() > 0
        && queue.arrivalRate() * cost.alpha() >= 1
        && queue.lane().rows() < sustaining - 0.5;
  }

  private static int rightSize(QueueView queue, double sustaining, int want) {
    Curve cost = queue.lane().cost();
    if (want > cost.cap()
        && want == cost.limit()
        && (cost.alpha() > 0 || queue.lane().rows() >= 2 * want)) {
      // a size that is tried: what is known says nothing of it; but where nothing speaks for it,
      // those who are held up by it have to be waiting anyway
      return want;
    }
    double busy = CLUSTERING * sustaining;
    // replicas drain a queue together, but not in step: of z rows a share lies between z and z/n
    double share = queue.lane().rows() / Math.sqrt(queue.replicas());
    double size = busy + Math.sqrt((busy + share) * (busy + cost.alpha() / cost.beta()));
    return (int) Math.clamp(Math.rint(size), 1, want);
  }
}
