// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.CostModel;
import dev.millrace.batching.cost.Curve;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Refuses at the door what could not be answered in time, so that a caller knows at once and what
 * is queued is worth its place.
 *
 * <p>While less is asked for than can be served, all is let in that could be in time if its turn
 * came now: bursts are for the policy. In overload two things are asked of a request.
 *
 * <p><b>Its turn comes in time.</b> Batches of the best size for its deadline start when replicas
 * are free, as predicted; it is in the one that the rows ahead of it leave it to. Ahead is what has
 * deadlines of its size, or shorter.
 *
 * <p><b>Its group has not had its share.</b> A group is a tenant's requests of one size of
 * deadline. Tenants share the replicas' time by weight, what one leaves goes to the others; a
 * tenant's sizes of deadline share by what is asked for. Who asks for more than that is let in at
 * that rate and no faster. So those in no hurry are not starved by those who are, nor a small
 * tenant by a large one.
 *
 * <p>{@link #admit} is called by producers, {@link #release} and {@link #refresh} by the leader.
 */
final class Admission {
  private static final int DEADLINE_CLASSES = 16;
  static final int TENANTS = 16;
  private static final int GROUPS = TENANTS * DEADLINE_CLASSES;

  /** About 0.26 ms: the end of the class of the shortest deadlines; each further is twice it. */
  private static final int SHORTEST_DEADLINE_SHIFT = 18;

  /** What a group has not used of its share it may catch up on, for so long. */
  private static final long CATCH_UP_NANOS = 50_000_000;

  private static final double ALONE = 0.98;

  private static final long UNLIMITED = Long.MAX_VALUE;

  /** Batches seen before anybody is refused for what is predicted. */
  private static final int CONFIDENT_SAMPLES = 8;

  /** Predictions that refused everybody would never be corrected: after so long one is let in. */
  private static final long TRIAL_PAUSE_NANOS = 100_000_000;

  private static final long REFRESH_NANOS = 5_000_000;

  /** Over how long demand is averaged, at least; and in batches. */
  private static final long LEAST_WINDOW_NANOS = 50_000_000;

  private static final int WINDOW_BATCHES = 24;

  /** Of what the replicas can do in time: if more is asked for, the door is watched. */
  private static final double OVERLOAD = 1.0;

  /**
   * Below this, a lone replica can still make up for a burst by one large batch, and nobody is
   * refused whom that would save. Several replicas gain nothing by it.
   */
  private static final double FLOOD = 1.35;

  private final CostModel costs;
  private final QueueCounts counts;
  private final long maxQueueNanos;
  private final double[] tenantWeights;

  /**
   * Time that all replicas together need for what waits, by the size of its deadlines: those that
   * lanes are ordered by, which are later for lower priorities.
   */
  private final AtomicLongArray workByClass = new AtomicLongArray(DEADLINE_CLASSES);

  /** Since the leader asked last. */
  private final AtomicInteger refusedRows = new AtomicInteger();

  /** When replicas will be free, the first one first; the leader's to write. */
  private final AtomicLongArray free = new AtomicLongArray(Crew.MOST_MEMBERS);

  /** When a batch was taken last, by where its cost is learned; the leader's to write. */
  private final AtomicLongArray lastTakenNanos = new AtomicLongArray(CostModel.buckets());

  /** Device time asked for, accepted or not. */
  private final AtomicLongArray demand = new AtomicLongArray(GROUPS);

  /** Device time that each group may still use in an overload. */
  private final AtomicLongArray allowance = new AtomicLongArray(GROUPS);

  private volatile int replicas = 1;
  private volatile boolean overloaded;
  private volatile double load;
  private volatile double arrivalRate;
  private volatile boolean mixed;

  // the leader's
  private final double[] recentDemand = new double[GROUPS];
  private double trend = 1;
  private long refreshedNanos;
  private long windowNanos = LEAST_WINDOW_NANOS;

  /**
   * @param maxQueueNanos how long a request without a deadline may have to wait
   * @param tenantWeights weight of each tenant by its number; those beyond have 1
   */
  Admission(
      CostModel costs,
      QueueCounts counts,
      long maxQueueNanos,
      double[] tenantWeights,
      long nowNanos) {
    this.costs = costs;
    this.counts = counts;
    this.maxQueueNanos = maxQueueNanos;
    this.tenantWeights = tenantWeights.clone();
    for (int bucket = 0; bucket < CostModel.buckets(); bucket++) {
      lastTakenNanos.setPlain(bucket, nowNanos);
    }
    for (int group = 0; group < GROUPS; group++) {
      allowance.setPlain(group, UNLIMITED);
    }
  }

  /**
   * Lets an item in, or says why not.
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
    if (isTrial(nowNanos, bucket, curve)) {
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
    int deadlineClass = deadlineClass(remaining * (1.0 + priority));
    if (overloaded
        && !(isInTime(nowNanos, deadlineNanos, rows, deadlineClass, best, curve)
            && isWithinShare((long) work, group))) {
      refusedRows.getAndAdd(rows);
      return Ticket.OVERLOAD;
    }
    long ticket = Ticket.of((long) work, deadlineClass, bucket, priority);
    workByClass.getAndAdd(deadlineClass, Ticket.work(ticket));
    return ticket;
  }

  /**
   * Rows of a batch that fill it in the time they may wait for it, though no sooner: since the door
   * is shut until then, nobody has to wait out a whole batch, and batches can be larger than those
   * that sustain a queue.
   */
  private int largest(long remaining, int best, double perNano, Curve curve) {
    if (load < FLOOD) {
      return best;
    }
    double rows = perNano * (remaining - curve.alpha()) / (1 + perNano * curve.beta());
    int filled = (int) Math.clamp(rows, best, Math.max(best, curve.limit()));
    return filled > best && curve.plus(filled) < remaining ? filled : best;
  }

  /**
   * Whether the batch that a request would be in ends before its deadline. Work of other shapes
   * counts as so many rows of its own as take the same time.
   */
  private boolean isInTime(
      long nowNanos, long deadlineNanos, int rows, int deadlineClass, int best, Curve curve) {
    int serving = replicas;
    double rowsPerNano = (double) best * serving / Math.max(1, curve.mean(best));
    long work = 0;
    for (int i = deadlineClass; i >= 0; i--) {
      work += workByClass.get(i);
    }
    int ahead = (int) Math.min(work * rowsPerNano + 0.5, 1 << 30);
    long next = Math.max(nowNanos, free.get(0));
    if (serving == 1 && load < FLOOD && ahead + rows <= curve.limit()) {
      return next + curve.plus(ahead + rows) <= deadlineNanos;
    }
    double perNano = mixed ? Math.min(arrivalRate, load * rowsPerNano) : arrivalRate;
    int largest = largest(deadlineNanos - nowNanos, best, perNano, curve);
    int batch = ahead / largest;
    long first = Math.max(nowNanos, free.get(batch % serving));
    // what runs before may take longer than on average, too
    long spare = curve.plus(largest) - curve.mean(largest);
    long start = first + spare + batch / serving * curve.plus(largest);
    int size = (int) Math.min(largest, ahead % largest + rows + perNano * (start - nowNanos));
    return start + curve.plus(Math.max(1, size)) <= deadlineNanos;
  }

  private boolean isWithinShare(long work, int group) {
    long left = allowance.get(group);
    if (left == UNLIMITED) {
      return true;
    }
    if (left < work) {
      return false;
    }
    allowance.getAndAdd(group, -work);
    return true;
  }

  private boolean isTrial(long nowNanos, int bucket, Curve curve) {
    return sinceTakenNanos(bucket, nowNanos)
        > Math.max(TRIAL_PAUSE_NANOS, 4 * curve.plus(curve.cap()));
  }

  private static int group(int tenant, long remainingNanos) {
    return Math.clamp(tenant, 0, TENANTS - 1) * DEADLINE_CLASSES
        + deadlineClass((double) remainingNanos);
  }

  private static int deadlineClass(double nanos) {
    long units = (long) nanos >>> SHORTEST_DEADLINE_SHIFT;
    return Math.min(DEADLINE_CLASSES - 1, 64 - Long.numberOfLeadingZeros(units));
  }

  /** An item has left the queue, or was not queued after all. Any thread. */
  void release(long ticket) {
    long work = Ticket.work(ticket);
    if (work > 0) {
      workByClass.getAndAdd(Ticket.deadlineClass(ticket), -work);
    }
  }

  /** Since a batch of such rows was taken, or since the beginning. */
  long sinceTakenNanos(int bucket, long nowNanos) {
    return nowNanos - lastTakenNanos.get(bucket);
  }

  /** A batch was taken. */
  void taken(long nowNanos, int bucket) {
    lastTakenNanos.setOpaque(bucket, nowNanos);
  }

  /** Rows that would have come, had there been room; since the last call. */
  int takeRefusedRows() {
    return refusedRows.get() == 0 ? 0 : refusedRows.getAndSet(0);
  }

  /**
   * Publishes when replicas will be free.
   *
   * @param rowsPerNano that are asked for
   * @param mixed whether they differ in shape
   * @param latest the same over a shorter time: it tells first when an overload has ended
   */
  void freeAt(Crew crew, double rowsPerNano, double latest, boolean mixed) {
    this.mixed = mixed;
    arrivalRate = Math.min(rowsPerNano, latest);
    trend = Math.min(1, latest / Math.max(rowsPerNano, 1e-12));
    overloaded = overloaded && load * trend > OVERLOAD;
    for (int i = 0; i < crew.serving(); i++) {
      free.setOpaque(i, crew.freeNanos(i));
    }
  }

  /** Publishes how many replicas serve and, now and then, how much is asked for by whom. */
  void refresh(long nowNanos, int servingReplicas) {
    if (replicas != servingReplicas) {
      replicas = servingReplicas;
    }
    long passed = nowNanos - refreshedNanos;
    if (passed >= 0 && passed < REFRESH_NANOS) {
      return;
    }
    if (passed < 0) { // a clock that was set back: from here on anew
      refreshedNanos = nowNanos;
      return;
    }
    refreshedNanos = nowNanos;
    double kept = Math.exp(-(double) passed / windowNanos);
    // what came over a time longer than the window came at its average rate
    double inWindow = (1 - kept) * windowNanos / passed;
    double asked = 0;
    for (int tenant = 0; tenant < TENANTS; tenant++) {
      asked += updateDemand(tenant, kept, inWindow);
    }
    load = asked / windowNanos;
    overloaded = load * trend > OVERLOAD;
    if (overloaded) {
      share(passed);
    }
  }

  /**
   * Shares the capacity by weight; what a tenant does not ask for is shared among the others.
   *
   * @param passed nanoseconds since the last time
   */
  private void share(long passed) {
    boolean[] satisfied = new boolean[TENANTS];
    double level = 0;
    for (boolean changed = true; changed; ) {
      changed = false;
      double left = windowNanos;
      double weights = 0;
      for (int tenant = 0; tenant < TENANTS; tenant++) {
        if (satisfied[tenant]) {
          left -= demandOf(tenant);
        } else {
          weights += weight(tenant);
        }
      }
      level = left / weights;
      for (int tenant = 0; tenant < TENANTS && weights > 0; tenant++) {
        if (!satisfied[tenant] && demandOf(tenant) <= level * weight(tenant)) {
          satisfied[tenant] = true;
          changed = true;
        }
      }
    }
    for (int group = 0; group < GROUPS; group++) {
      int tenant = group / DEADLINE_CLASSES;
      if (satisfied[tenant] || recentDemand[group] == 0 || isAlone(group)) {
        allowance.set(group, UNLIMITED);
      } else {
        double ofTenant = recentDemand[group] / demandOf(tenant);
        double share = ofTenant * level * weight(tenant) / windowNanos;
        refill(group, share, passed);
      }
    }
  }

  /** Nobody else asks for anything to speak of: then whoever is in time is welcome. */
  private boolean isAlone(int group) {
    return recentDemand[group] > ALONE * load * windowNanos;
  }

  private void refill(int group, double share, long passed) {
    long most = (long) (share * CATCH_UP_NANOS);
    long left = allowance.get(group);
    if (left > most && left - most > most) {
      allowance.set(group, most); // it was unlimited
    } else if (left < most) {
      allowance.getAndAdd(group, (long) (share * Math.min(passed, CATCH_UP_NANOS)));
    }
  }

  /** A replica has nothing to do: whatever there was of an overload is over. */
  void idle() {
    if (overloaded) {
      for (int group = 0; group < GROUPS; group++) {
        recentDemand[group] /= load;
      }
      load = 1;
      overloaded = false;
    }
  }

  /** Averages over several batches, if these take long. */
  void batchesTake(long nanos) {
    long window = Math.max(LEAST_WINDOW_NANOS, WINDOW_BATCHES * nanos);
    if (window != windowNanos) {
      for (int group = 0; group < GROUPS; group++) {
        recentDemand[group] *= (double) window / windowNanos;
      }
      windowNanos = window;
    }
  }

  private double updateDemand(int tenant, double kept, double inWindow) {
    for (int i = 0; i < DEADLINE_CLASSES; i++) {
      int group = tenant * DEADLINE_CLASSES + i;
      long added = demand.get(group) == 0 ? 0 : demand.getAndSet(group, 0);
      double recent = recentDemand[group] * kept + added * inWindow;
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

  /** Work that is counted in a class of deadlines, in nanoseconds. */
  long classedWork() {
    long work = 0;
    for (int i = 0; i < DEADLINE_CLASSES; i++) {
      work += workByClass.get(i);
    }
    return work;
  }

  /** What is asked for with deadlines, of all that can be done in time; above 1 in overload. */
  double load() {
    return load;
  }
}
