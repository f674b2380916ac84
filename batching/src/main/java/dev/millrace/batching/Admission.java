// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.CostModel;
import dev.millrace.batching.cost.Curve;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Refuses at the door what could not be answered in time, so that a caller knows at once and what
 * is queued is worth its place.
 *
 * <p><b>Occupancy.</b> A request that may wait for w takes the share {@code t / w} of the replicas,
 * where t is its share of a batch's time: a queue of requests that wait for w each, and are served
 * at full speed, holds exactly w's worth of work. If the shares of all that is queued come to 1,
 * one more makes somebody late. Requests of different deadlines add up, which a count of rows does
 * not.
 *
 * <p><b>Fair shares.</b> Full, the queue takes only from groups below their share of it. A group is
 * a tenant's requests of one size of deadline; tenants share by weight, and a tenant's sizes of
 * deadline by what is asked for. So those in no hurry are not starved by those who are, nor a small
 * tenant by a large one, and below saturation nobody is held to anything.
 *
 * <p>{@link #admit} is called by producers, {@link #release} and {@link #refresh} by the leader.
 */
final class Admission {
  private static final int DEADLINE_CLASSES = 16;
  static final int TENANTS = 16;
  private static final int GROUPS = TENANTS * DEADLINE_CLASSES;

  /** About 0.26 ms: the end of the class of the shortest deadlines; each further is twice it. */
  private static final int SHORTEST_DEADLINE_SHIFT = 18;

  /** How far groups below their share may fill a queue that is full of others' requests. */
  private static final long MOST = Ticket.WHOLE + Ticket.WHOLE / 4;

  /** Batches seen before anybody is refused for what is predicted. */
  private static final int CONFIDENT_SAMPLES = 8;

  /** Predictions that refused everybody would never be corrected: after so long one is let in. */
  private static final long TRIAL_PAUSE_NANOS = 100_000_000;

  private static final long REFRESH_NANOS = 5_000_000;

  /** Over how long demand is averaged, at least; and in batches. */
  private static final long LEAST_WINDOW_NANOS = 50_000_000;

  private static final int WINDOW_BATCHES = 8;

  /** Of what the replicas can do in time: if more is asked for, the door is watched. */
  private static final double OVERLOAD = 1.0;

  private final CostModel costs;
  private final QueueCounts counts;
  private final long maxQueueNanos;
  private final double[] tenantWeights;

  private final AtomicLong occupancy = new AtomicLong();
  private final AtomicLongArray byGroup = new AtomicLongArray(GROUPS);

  /** Device time asked for, accepted or not. */
  private final AtomicLongArray demand = new AtomicLongArray(GROUPS);

  /** What each group may hold of a full queue; the leader's to write. */
  private final AtomicLongArray shares = new AtomicLongArray(GROUPS);

  private volatile int replicas = 1;
  private volatile long lastTakenNanos;
  private volatile boolean overloaded;

  // the leader's
  private final double[] recentDemand = new double[GROUPS];
  private long refreshedNanos;
  private long windowNanos = LEAST_WINDOW_NANOS;

  /**
   * @param maxQueueNanos how long a request without a deadline may have to wait
   * @param tenantWeights weight of each tenant by its number; those beyond have 1
   */
  Admission(CostModel costs, QueueCounts counts, long maxQueueNanos, double[] tenantWeights) {
    this.costs = costs;
    this.counts = counts;
    this.maxQueueNanos = maxQueueNanos;
    this.tenantWeights = tenantWeights.clone();
  }

  /**
   * Lets an item in, counted with its occupancy, or says why not.
   *
   * @param deadlineNanos later than now; Long.MAX_VALUE for none
   * @return a {@link Ticket}
   */
  long admit(long nowNanos, long deadlineNanos, int rows, int bucket, int tenant, int priority) {
    Curve curve = costs.curve(bucket);
    if (curve.samples() < CONFIDENT_SAMPLES) {
      return Ticket.of(0, 0, bucket, priority);
    }
    int serving = replicas;
    if (deadlineNanos == Long.MAX_VALUE) {
      int cap = curve.cap();
      double wait = (double) counts.rows() * curve.mean(cap) / ((double) cap * serving);
      return wait > maxQueueNanos ? Ticket.OVERLOAD : Ticket.of(0, 0, bucket, priority);
    }
    if (isTrial(nowNanos, curve)) {
      return Ticket.of(0, 0, bucket, priority);
    }
    long remaining = deadlineNanos - nowNanos;
    int best = Math.max(curve.sustainable(remaining, serving), Math.min(rows, curve.cap()));
    double work = (double) rows * curve.mean(best) / ((double) best * serving);
    int group = group(tenant, remaining);
    if (remaining < curve.plus(rows)) {
      return Ticket.INFEASIBLE;
    }
    demand.getAndAdd(group, (long) work);
    long wait = Math.max(remaining - curve.plus(best), remaining / 8);
    long share = (long) (work / wait * Ticket.WHOLE);
    if (!hasRoom(share, group, priority)) {
      return Ticket.OVERLOAD;
    }
    long ticket = Ticket.of(share, group, bucket, priority);
    occupancy.getAndAdd(Ticket.occupancy(ticket));
    byGroup.getAndAdd(group, Ticket.occupancy(ticket));
    return ticket;
  }

  /** An empty queue takes anything: there is nobody to be made late. */
  private boolean hasRoom(long share, int group, int priority) {
    long held = occupancy.get();
    if (held == 0 || !overloaded || held + share <= whole(priority)) {
      return true;
    }
    return held + share <= MOST && byGroup.get(group) + share <= shares.get(group);
  }

  /** Lower priorities leave room for higher ones. */
  private static long whole(int priority) {
    return Ticket.WHOLE / 5 * Math.max(1, 5 - priority);
  }

  private boolean isTrial(long nowNanos, Curve curve) {
    return counts.rows() == 0
        && nowNanos - lastTakenNanos > Math.max(TRIAL_PAUSE_NANOS, 4 * curve.plus(1));
  }

  private static int group(int tenant, long remainingNanos) {
    int octave = 64 - Long.numberOfLeadingZeros(remainingNanos >>> SHORTEST_DEADLINE_SHIFT);
    int deadlineClass = Math.min(DEADLINE_CLASSES - 1, octave);
    return Math.clamp(tenant, 0, TENANTS - 1) * DEADLINE_CLASSES + deadlineClass;
  }

  /** An item has left the queue, or was not queued after all. */
  void release(long ticket) {
    long held = Ticket.occupancy(ticket);
    if (held > 0) {
      occupancy.getAndAdd(-held);
      byGroup.getAndAdd(Ticket.group(ticket), -held);
    }
  }

  /** A batch was taken. */
  void taken(long nowNanos) {
    lastTakenNanos = nowNanos;
  }

  /** Publishes how many replicas serve and, now and then, how much is asked for by whom. */
  void refresh(long nowNanos, int servingReplicas) {
    if (replicas != servingReplicas) {
      replicas = servingReplicas;
    }
    long passed = nowNanos - refreshedNanos;
    if (passed < REFRESH_NANOS) {
      return;
    }
    refreshedNanos = nowNanos;
    double kept = Math.exp(-(double) passed / windowNanos);
    double activeWeight = 0;
    double asked = 0;
    for (int tenant = 0; tenant < TENANTS; tenant++) {
      double ofTenant = updateDemand(tenant, kept);
      asked += ofTenant;
      activeWeight += ofTenant > 0 ? weight(tenant) : 0;
    }
    overloaded = asked > OVERLOAD * windowNanos;
    for (int group = 0; group < GROUPS && asked > 0; group++) {
      if (recentDemand[group] > 0) {
        int tenant = group / DEADLINE_CLASSES;
        double ofTenant = recentDemand[group] / demandOf(tenant);
        shares.set(group, (long) (Ticket.WHOLE * ofTenant * weight(tenant) / activeWeight));
      }
    }
  }

  /** Averages over several batches, if these take long. */
  void batchesTake(long nanos) {
    windowNanos = Math.max(LEAST_WINDOW_NANOS, WINDOW_BATCHES * nanos);
  }

  private double updateDemand(int tenant, double kept) {
    for (int i = 0; i < DEADLINE_CLASSES; i++) {
      int group = tenant * DEADLINE_CLASSES + i;
      long added = demand.get(group) == 0 ? 0 : demand.getAndSet(group, 0);
      double recent = recentDemand[group] * kept + added;
      recentDemand[group] = recent < 1 ? 0 : recent;
    }
    return demandOf(tenant);
  }

  private double demandOf(int tenant) {
    double sum = 0;
    for (int i = 0; i < DEADLINE_CLASSES; i++) {
      sum += recentDemand[tenant * DEADLINE_CLASSES + i];
    }
    return sum;
  }

  private double weight(int tenant) {
    return tenant < tenantWeights.length ? tenantWeights[tenant] : 1;
  }

  /** Time until what is queued now has been served. */
  long backlogNanos(int bucket) {
    Curve curve = costs.curve(bucket);
    int cap = curve.cap();
    return (long) ((double) counts.rows() * curve.mean(cap) / ((double) cap * replicas));
  }

  /** How full the queue is with requests that have deadlines; 1 is all that can be done in time. */
  double occupancy() {
    return (double) occupancy.get() / Ticket.WHOLE;
  }
}
