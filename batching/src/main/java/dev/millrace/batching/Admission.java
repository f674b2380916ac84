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
 * <p><b>It leaves room for those who have had less</b> of the replicas' time ({@link Shares}): its
 * turn comes in time even if all came before it whom they are expected to send until then. So
 * whoever is refused is refused at the door and at once, and nobody who has been let in gives way.
 *
 * <p>{@link #admit} is called by producers, {@link #release} by them and the leader, the rest by
 * the leader.
 */
final class Admission {
  private static final long REFRESH_NANOS = 5_000_000;

  /** Of what the replicas can do in time: if more is asked for, the door is watched. */
  private static final double OVERLOAD = 1.0;

  /**
   * Below this, a lone replica can still make up for a burst by one large batch, and nobody is
   * refused whom that would save. Several replicas gain nothing by it.
   */
  private static final double FLOOD = 1.35;

  /** Standard deviations of the arrivals in the time of a batch. */
  private static final double RESERVE = 3;

  /** Behind the average of what rows of a mixture cost. */
  private static final double ROWS_AVERAGED = 256;

  /**
   * Of the time from start to start that there is, what is kept: those who are late may catch up.
   */
  private static final double APART = 0.95;

  private static final long LATE = Long.MAX_VALUE;

  private final CostModel costs;
  private final QueueCounts counts;
  private final long maxQueueNanos;
  private final Shares shares;

  /**
   * Time that all replicas together need for what waits, by the size of its deadlines: those that
   * lanes are ordered by, which are later for lower priorities.
   */
  private final AtomicLongArray workByClass = new AtomicLongArray(DeadlineClass.COUNT);

  /** Since the leader asked last. */
  private final AtomicInteger refusedRows = new AtomicInteger();

  /** When replicas will take batches, the first one first; the leader's to write. */
  private final AtomicLongArray free = new AtomicLongArray(Crew.MOST_MEMBERS);

  /** When a batch was taken last, by where its cost is learned; the leader's to write. */
  private final AtomicLongArray lastTakenNanos = new AtomicLongArray(CostModel.buckets());

  private volatile int replicas = 1;
  private volatile boolean overloaded;
  private volatile double load;

  /** Of what each tenant is due, what is asked for by the one that asks for least beyond it. */
  private volatile double flood;

  private volatile double arrivalRate;
  private volatile boolean mixed;

  /**
   * Of the rows that are taken, in batches of the best sizes; 0 before the first since idleness.
   */
  private volatile double nanosPerRow;

  // the leader's
  private double trend = 1;
  private long refreshedNanos;

  /**
   * @param maxQueueNanos how long a request may have to wait, without a deadline or with a later
   *     one
   */
  Admission(CostModel costs, QueueCounts counts, long maxQueueNanos, Shares shares, long nowNanos) {
    this.costs = costs;
    this.counts = counts;
    this.maxQueueNanos = maxQueueNanos;
    this.shares = shares;
    for (int bucket = 0; bucket < CostModel.buckets(); bucket++) {
      lastTakenNanos.setPlain(bucket, nowNanos);
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
    if (!curve.isTrusted()) {
      return Ticket.of(0, 0, bucket, priority);
    }
    int serving = replicas;
    if (deadlineNanos == Long.MAX_VALUE) {
      return backlogNanos(curve) > maxQueueNanos
          ? Ticket.OVERLOAD
          : Ticket.of(0, 0, bucket, priority);
    }
    if (curve.isDue(sinceTakenNanos(bucket, nowNanos))) {
      return Ticket.of(0, 0, bucket, priority);
    }
    long remaining = deadlineNanos - nowNanos;
    int best = Math.max(curve.sustainable(remaining, serving), Math.min(rows, curve.cap()));
    double work = (double) rows * curve.mean(best) / ((double) best * serving);
    int group = Shares.group(tenant, remaining);
    if (remaining < costs.alone(bucket).plus(rows)) {
      return Ticket.INFEASIBLE;
    }
    shares.asked(group, (long) work);
    if (remaining > maxQueueNanos && backlogNanos(curve) > maxQueueNanos) {
      // a deadline that is far away is no reason to wait longer than without one
      refusedRows.getAndAdd(rows);
      return Ticket.OVERLOAD;
    }
    int deadlineClass = DeadlineClass.of(remaining * (1.0 + priority));
    if (overloaded) {
      if (!isInTime(
          nowNanos, deadlineNanos, rows, deadlineClass, group, (long) work, best, curve)) {
        refusedRows.getAndAdd(rows);
        return Ticket.OVERLOAD;
      }
      shares.took(group, (long) work);
    }
    long ticket = Ticket.of((long) work, deadlineClass, bucket, priority);
    workByClass.getAndAdd(deadlineClass, Ticket.work(ticket));
    return ticket;
  }

  /**
   * Rows of a batch that fill it in the time they may wait for it, though no sooner: since the door
   * is shut until then, nobody has to wait out a whole batch, and batches can be larger than those
   * that sustain a queue. But it must not be shut longer than leaves each tenant its due of what it
   * asks for.
   */
  private int largest(long remaining, int best, double perNano, Curve curve) {
    double least = flood;
    if (least < FLOOD) {
      return best;
    }
    double held = perNano * least / load;
    double rows = held * (remaining - curve.alpha()) / (1 + held * curve.beta());
    int filled = (int) Math.clamp(rows, best, Math.max(best, curve.worthwhile()));
    return filled > best && curve.plus(filled) < remaining ? filled : best;
  }

  /**
   * Whether the batch that a request would be in ends before its deadline, and would do so if all
   * who have had less had come before it.
   */
  private boolean isInTime(
      long nowNanos,
      long deadlineNanos,
      int rows,
      int deadlineClass,
      int group,
      long work,
      int best,
      Curve curve) {
    int classes = (2 << deadlineClass) - 1;
    long ahead = waiting(classes);
    long alike = workByClass.get(deadlineClass);
    long start = start(nowNanos, deadlineNanos, rows, ahead, alike, best, curve);
    int withLess = start == LATE ? 0 : shares.classesWithLess(group);
    if (withLess == 0) {
      return start != LATE;
    }
    // of longer deadlines too: shorter ones would overtake them for as long as they come
    long all = waiting(classes | withLess) + shares.owed(group, start - nowNanos, work);
    return start(nowNanos, deadlineNanos, rows, all, all, best, curve) != LATE;
  }

  /**
   * Work that waits.
   *
   * @param classes of deadlines, a bit for each
   */
  private long waiting(int classes) {
    long work = 0;
    for (int left = classes; left != 0; left &= left - 1) {
      work += workByClass.get(Integer.numberOfTrailingZeros(left));
    }
    return work;
  }

  /**
   * When the batch starts that a request would be in; {@link #LATE} if it would end too late. Work
   * of other shapes counts as so many rows of its own as take the same time.
   *
   * @param workAhead that is served before
   * @param workAlike that has deadlines of the same size
   */
  private long start(
      long nowNanos,
      long deadlineNanos,
      int rows,
      long workAhead,
      long workAlike,
      int best,
      Curve curve) {
    int serving = replicas;
    double rowsPerNano = (double) best * serving / Math.max(1, curve.mean(best));
    int ahead = rowsOf(workAhead, rowsPerNano);
    long next = Math.max(nowNanos, free.get(0));
    if (serving == 1 && load < FLOOD && ahead + rows <= curve.limit()) {
      return next + curve.plus(ahead + rows) <= deadlineNanos ? next : LATE;
    }
    double perNano = mixed ? Math.min(arrivalRate, load * rowsPerNano) : arrivalRate;
    int largest = largest(deadlineNanos - nowNanos, best, perNano, curve);
    int batch = ahead / largest;
    int alike = rowsOf(workAlike, rowsPerNano);
    if (load >= FLOOD && isEnough(alike, largest * serving)) {
      return LATE;
    }
    long first = Math.max(nowNanos, free.get(batch % serving));
    // what runs before may take longer than on average, the more so, the more of it there is;
    // before the first batch on a free replica nothing runs
    long spare = 0;
    if (batch > 0 || first > nowNanos) {
      long most = curve.plus(largest);
      spare = batch > serving ? most : most - curve.mean(largest);
    }
    long start = first + spare + batch / serving * curve.plus(largest);
    int size = (int) Math.min(largest, ahead % largest + rows + perNano * (start - nowNanos));
    return start + curve.plus(Math.max(1, size)) <= deadlineNanos ? start : LATE;
  }

  private static int rowsOf(long work, double rowsPerNano) {
    return (int) Math.min(work * rowsPerNano + 0.5, 1 << 30);
  }

  /**
   * In a flood whatever the replicas take next has come again before they are free, save for
   * chance. More would only wait, up to the very edge of its deadline, where any pause of the
   * machine makes all of it late.
   */
  private static boolean isEnough(int waiting, int takenNext) {
    return waiting >= takenNext + RESERVE * Math.sqrt(takenNext);
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
    long passed = nowNanos - lastTakenNanos.get(bucket);
    return passed < 0 ? Long.MAX_VALUE : passed; // a clock that was set back tells nothing
  }

  /** A batch was taken. The leader's. */
  void taken(long nowNanos, int bucket, int rows) {
    lastTakenNanos.setOpaque(bucket, nowNanos);
    Curve curve = costs.curve(bucket);
    if (!curve.isTrusted()) {
      return;
    }
    double before = nanosPerRow;
    double perRow = atBest(curve);
    double weight = before > 0 ? Math.min(1, rows / ROWS_AVERAGED) : 1;
    nanosPerRow = before + weight * (perRow - before);
  }

  /** Time per row in batches of the best size. */
  private static double atBest(Curve curve) {
    return (double) curve.mean(curve.cap()) / curve.cap();
  }

  /** Rows that would have come, had there been room; since the last call. */
  int takeRefusedRows() {
    return refusedRows.get() == 0 ? 0 : refusedRows.getAndSet(0);
  }

  /**
   * Time from one start of a batch to the next, where it matters; else 0. A tenant that asks for no
   * more than its share comes whenever it comes, and cannot be held back until a batch is near: the
   * next one must never be farther away than its deadline allows. So replicas that have come to be
   * in step take up their distances again. The leader's.
   */
  long apartNanos(int bucket, long objectiveNanos) {
    Curve curve = costs.curve(bucket);
    int serving = replicas;
    if (serving == 1
        || !overloaded
        || flood >= FLOOD
        || !shares.isAmongSeveral()
        || objectiveNanos == Long.MAX_VALUE
        || !curve.isTrusted()) {
      return 0;
    }
    return (long) (APART * curve.mean(curve.sustainable(objectiveNanos, serving)) / serving);
  }

  /**
   * Publishes when replicas will take batches.
   *
   * @param earliestNanos the next one
   * @param apartNanos from one to the next, at least
   */
  void startsAt(long earliestNanos, long apartNanos, Crew crew) {
    long earliest = apartNanos > 0 ? earliestNanos : 0;
    for (int i = 0; i < crew.serving(); i++) {
      long start = Math.max(crew.freeNanos(i), earliest);
      free.setOpaque(i, start);
      earliest = start + apartNanos;
    }
  }

  /**
   * Publishes what comes.
   *
   * @param rowsPerNano that come now
   * @param demandTrend how far demand has fallen below its average: the average is the last to tell
   *     that an overload has ended
   * @param mixed whether they differ in shape
   */
  void comes(double rowsPerNano, double demandTrend, boolean mixed) {
    this.mixed = mixed;
    arrivalRate = rowsPerNano;
    trend = demandTrend;
    overloaded = overloaded && load * trend > OVERLOAD;
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
    load = shares.update(passed);
    overloaded = load * trend > OVERLOAD;
    if (overloaded) {
      flood = shares.share();
    }
  }

  /** A replica has nothing to do: whatever there was of an overload is over. */
  void idle() {
    if (nanosPerRow > 0) {
      nanosPerRow = 0;
    }
    if (overloaded) {
      shares.forget();
      load = 1;
      overloaded = false;
    }
  }

  /**
   * Time until what is queued now has been served: what rows of a mixture cost on average, else
   * what those of the bucket do.
   */
  long backlogNanos(int bucket) {
    return backlogNanos(costs.curve(bucket));
  }

  private long backlogNanos(Curve curve) {
    double average = nanosPerRow;
    double perRow = mixed && average > 0 ? average : atBest(curve);
    return (long) (counts.rows() * perRow / replicas);
  }

  /** Time until a request's turn that comes now, if those before it are served first. */
  long waitNanos(int bucket, long nowNanos) {
    return Math.max(0, free.get(0) - nowNanos) + backlogNanos(bucket);
  }

  /** Work that is counted in a class of deadlines, in nanoseconds. */
  long classedWork() {
    return waiting((1 << DeadlineClass.COUNT) - 1);
  }

  /** What is asked for with deadlines, of all that can be done in time; above 1 in overload. */
  double load() {
    return load;
  }
}
