// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.CostModel;
import dev.millrace.batching.cost.Curve;
import dev.millrace.batching.cost.RunsInFlight;
import dev.millrace.batching.policy.BatchPolicy;
import dev.millrace.batching.policy.Decision;
import dev.millrace.batching.policy.LaneView;
import dev.millrace.batching.policy.QueueView;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What the leader does with the items that wait: drops the dead, asks the policy, claims a batch;
 * and learns from the batches that have run and from what arrives.
 *
 * <p>Plain single-threaded code: all of it runs under the lead of a {@link BatchQueue}, which is
 * also what publishes its fields from one leader to the next. The queue's concurrency knows nothing
 * of priorities, tenants or costs.
 *
 * <p>Policies and items are foreign code. What they throw is caught here, item by item, counted and
 * kept for {@link #lastFault}: an exception that escaped would cost a replica its thread and the
 * items behind it their answers.
 */
final class LaneScheduler<T extends Batchable> implements QueueView {
  /** {@link #fill} has claimed a batch. */
  static final long TAKEN = Long.MIN_VALUE;

  /** As often a leader that waits for more does what is else the janitor's. */
  private static final long SWEEP_NANOS = 5_000_000;

  /** {@link #fill} has found nothing that could run, now or later. */
  static final long NOTHING = Long.MAX_VALUE;

  /** {@link #fill} has found that the replica's device has as many batches as it is to have. */
  static final long FULL = Long.MAX_VALUE - 1;

  private final int maxBatchRows;
  private final RowCap cap;
  private final BatchPolicy policy;
  private final BatchPolicy fallback = BatchPolicy.greedy();
  private final QueueCounts counts;
  private final EntryPool<T> pool;
  private final CostModel costs;
  private final Admission admission;
  private final Shares shares;
  private final Lanes<T> lanes;
  private final RunsInFlight inFlight = new RunsInFlight();
  private final Crew crew = new Crew(inFlight);
  private final Arrivals arrivals = new Arrivals();
  private final Decisions decisions = new Decisions();
  private final Recent recent;

  // what a policy is shown
  private @Nullable Lane<T> shown;
  private boolean mayWait;
  private long shownNanos;
  private long sweptNanos;

  /** When the last batch was taken, by whichever replica. */
  private long startedNanos;

  // of the batch that is being taken from a shared device
  private boolean alone;

  /** Counted out once per visit instead of once per item. */
  private int freedRows;

  private long freedBytes;

  // for reports
  private volatile double publishedRate;
  private volatile int publishedReplicas = 1;
  private volatile int publishedReady;
  private volatile int publishedDevices;

  private volatile long faults;
  private volatile @Nullable Throwable lastFault;

  LaneScheduler(
      int maxBatchRows,
      RowCap cap,
      BatchPolicy policy,
      CostModel costs,
      Admission admission,
      Shares shares,
      QueueCounts counts,
      EntryPool<T> pool,
      Recent recent) {
    this.maxBatchRows = maxBatchRows;
    this.cap = cap;
    this.policy = policy;
    this.costs = costs;
    this.admission = admission;
    this.shares = shares;
    this.counts = counts;
    this.pool = pool;
    this.recent = recent;
    this.lanes = new Lanes<>(costs);
  }

  boolean hasWork() {
    return !lanes.isEmpty();
  }

  long faults() {
    return faults;
  }

  Optional<Throwable> lastFault() {
    return Optional.ofNullable(lastFault);
  }

  /** Puts an entry into its lane. A shape key that throws when it is compared is not shared. */
  void admit(Entry<T> entry) {
    entry.orderBy(urgency(entry));
    addToLane(entry);
    recent.arrived(entry.arrivalNanos(), entry.deadlineNanos(), entry.weight());
    arrivals.add(entry.arrivalNanos(), entry.weight(), costs.curve(entry.bucket()).beta());
  }

  private void addToLane(Entry<T> entry) {
    try {
      lanes.add(entry);
    } catch (RuntimeException fault) {
      note(fault);
      entry.runAlone();
      lanes.add(entry);
    }
  }

  private long urgency(Entry<T> entry) {
    long arrival = entry.arrivalNanos();
    try {
      return policy.urgency(arrival, entry.dueNanos(), Ticket.priority(entry.ticket()));
    } catch (RuntimeException fault) {
      note(fault);
      return fallback.urgency(arrival, entry.dueNanos(), 0);
    }
  }

  /** A replica that waits in {@link BatchQueue#take} is one to count on. */
  void join(Batch<T> batch) {
    crew.join(batch);
  }

  void leave(Batch<T> batch) {
    crew.leave(batch);
  }

  /** Learns from the run that {@code batch} has behind it, if there was one. */
  void learn(Batch<T> batch) {
    crew.settle();
    long nanos = batch.ranNanos();
    if (nanos > 0 && batch.weight() > 0) {
      recent.ran(batch.takenNanos(), nanos);
      if (batch.sharesDevice()) {
        learnInCompany(batch, nanos);
      } else {
        costs.observe(batch.bucket(), batch.weight(), nanos);
      }
      Curve curve = costs.curve(batch.bucket());
      arrivals.batchesTake(curve.plus(curve.cap()));
      shares.batchesTake(curve.plus(curve.cap()));
    }
  }

  private void learnInCompany(Batch<T> batch, long nanos) {
    long[] nanosWith = batch.nanosWith();
    int bucket = batch.bucket();
    int rows = batch.weight();
    Curve known = costs.alone(bucket);
    if (inFlight.tellsOfCurve(nanosWith, rows, known)) {
      costs.observe(bucket, rows, Math.max(1, Math.round(nanos * inFlight.pace(nanosWith))));
    }
    costs.correct(inFlight.ran(nanosWith, rows, known, batch.objectiveNanos()));
    costs.keepPace(inFlight.pace());
  }

  /** Looks who runs. */
  void look(long nowNanos) {
    crew.look(nowNanos);
  }

  /** Whether the device of a replica has room for another batch. */
  boolean mayStart(Batch<?> batch) {
    return crew.mayStart(batch);
  }

  /**
   * Fills {@code batch} with claimed items.
   *
   * @param mayWait whether the caller can come again at a time
   * @return {@link #TAKEN}, {@link #NOTHING}, or until when the policy wants to wait
   */
  long fill(Batch<T> batch, long nowNanos, boolean mayWait) {
    this.mayWait = mayWait;
    arrivals.tell(nowNanos, admission.takeRefusedRows());
    crew.look(nowNanos);
    admission.refresh(nowNanos, crew.serving());
    costs.running(crew.serving());
    if (!crew.mayStart(batch)) {
      return FULL;
    }
    try {
      for (Lane<T> lane = firstAlive(nowNanos); lane != null; lane = firstAlive(nowNanos)) {
        alone = crew.mayBeJoined(batch) && fitsAloneOnly(lane, nowNanos);
        long objectiveNanos = lane.objectiveNanos();
        long apart = admission.apartNanos(lane.head().bucket(), objectiveNanos);
        if (mayWait && crew.busy() > 0 && isSince(startedNanos, nowNanos, apart)) {
          return waitUntil(startedNanos + apart, nowNanos);
        }
        Decision decision = decide(lane, nowNanos);
        switch (decision.kind()) {
          case RUN -> claimFrom(lane, batch, nowNanos, decision);
          case SHED -> shed(lane, decision.count(), nowNanos);
          case WAIT -> {
            return waitUntil(decision.untilNanos(), nowNanos);
          }
        }
        lanes.firstChanged();
        if (!batch.isEmpty()) {
          batch.aimAt(objectiveNanos);
          took(batch, nowNanos);
          return TAKEN;
        }
      }
      admission.idle();
      return NOTHING;
    } finally {
      countOut();
    }
  }

  /**
   * Whether the head would be late if as many ran beside it as do most, and not by itself. Then it
   * gets the device for itself: there is nothing else on it yet.
   */
  private boolean fitsAloneOnly(Lane<T> lane, long nowNanos) {
    Entry<T> head = lane.head();
    long left = head.deadlineNanos() - nowNanos;
    return left < costs.curve(head.bucket()).plus(head.weight())
        && left >= costs.alone(head.bucket()).plus(head.weight());
  }

  /** Whether less time has passed since then; not if the clock was set back. */
  private static boolean isSince(long thenNanos, long nowNanos, long within) {
    long passed = nowNanos - thenNanos;
    return passed >= 0 && passed < within;
  }

  /**
   * The lead is held while its holder waits: what expires or is late meanwhile, behind the head
   * too, is the holder's to see.
   */
  private long waitUntil(long untilNanos, long nowNanos) {
    decisions.waited();
    recent.waited();
    long passed = nowNanos - sweptNanos;
    if (passed >= SWEEP_NANOS || passed < 0) { // or a clock that was set back
      sweptNanos = nowNanos;
      sweep(nowNanos);
    }
    if (lanes.isEmpty()) {
      admission.idle();
      return NOTHING;
    }
    return Math.min(untilNanos, nowNanos + SWEEP_NANOS);
  }

  private void took(Batch<T> batch, long nowNanos) {
    Curve curve = alone ? costs.alone(batch.bucket()) : costs.curve(batch.bucket());
    batch.taken(nowNanos, curve.mean(batch.weight()));
    crew.start(batch, nowNanos, alone);
    startedNanos = nowNanos;
    publishedRate = arrivals.rate(nowNanos);
    publishedReplicas = crew.serving();
    publishedReady = crew.ready();
    publishedDevices = crew.devices();
    admission.taken(nowNanos, batch.bucket(), batch.weight());
    crew.look(nowNanos);
    double rate = Math.min(publishedRate, arrivals.latestRate(nowNanos));
    long apart = admission.apartNanos(batch.bucket(), batch.objectiveNanos());
    admission.startsAt(nowNanos + apart, apart, crew);
    admission.comes(rate, arrivals.trend(nowNanos), lanes.known() > 1);
  }

  /** Answers what has expired and forgets what is settled, wherever it waits. */
  void sweep(long nowNanos) {
    List<Entry<T>> delayed = new ArrayList<>(0);
    Predicate<Entry<T>> removeDead =
        entry -> {
          if (!isDead(entry, nowNanos)) {
            return false;
          }
          if (isToBeDelayed(entry, nowNanos)) {
            delayed.add(entry);
          } else {
            drop(entry, nowNanos);
          }
          return true;
        };
    try {
      lanes.editAll(lane -> lane.removeIf(removeDead));
      delayed.forEach(entry -> delay(entry, nowNanos));
    } finally {
      countOut();
    }
  }

  /** Rejects all that waits; returns how many items this call answered. */
  int rejectAll(Rejection rejection) {
    int rejected = 0;
    try {
      for (Lane<T> lane = lanes.first(); lane != null; lane = lanes.first()) {
        while (!lane.isEmpty()) {
          Entry<T> entry = lane.removeHead();
          T item = entry.item();
          forget(entry);
          if (reject(item, rejection)) {
            rejected++;
          }
        }
        lanes.firstChanged();
      }
      return rejected;
    } finally {
      countOut();
    }
  }

  /**
   * The lane to serve, with a live head. A dead head may hide that another lane is more urgent, so
   * the order is looked at again after each.
   */
  private @Nullable Lane<T> firstAlive(long nowNanos) {
    Lane<T> lane = lanes.first();
    while (lane != null && isDead(lane.head(), nowNanos)) {
      letGo(lane.removeHead(), nowNanos);
      lanes.firstChanged();
      lane = lanes.first();
    }
    return lane;
  }

  /**
   * Claims from the head on, as long as rows fit. The first item always fits; at the first later
   * one that does not, the batch ends: passing it by for smaller ones would let those overtake it
   * for ever. Whoever was cancelled or has expired meanwhile makes room for the next in line.
   */
  private void claimFrom(Lane<T> lane, Batch<T> batch, long nowNanos, Decision decision) {
    int left = lane.runsAlone() ? 1 : Math.min(decision.count(), cap.rowsAt(nowNanos));
    int queued = lane.rows();
    while (!lane.isEmpty()) {
      Entry<T> entry = lane.head();
      if (!batch.isEmpty() && entry.weight() > left) {
        break;
      }
      if (entry.deadlineNanos() < decision.untilNanos()) {
        shed(lane, 1, nowNanos);
        continue;
      }
      lane.removeHead();
      if (entry.isExpired(nowNanos) || entry.isLate(nowNanos)) {
        letGo(entry, nowNanos);
        continue;
      }
      T item = entry.item();
      int rows = entry.rows();
      int weight = entry.weight();
      int bucket = entry.bucket();
      forget(entry);
      if (claim(item)) {
        batch.add(item, rows, weight, bucket);
        left -= weight;
      }
    }
    if (!batch.isEmpty()) {
      decisions.ran(batch.weight(), queued);
      recent.took(nowNanos, batch.bucket(), batch.weight(), queued, !mayWait);
    }
  }

  private Rejection lost(Entry<T> entry, long nowNanos) {
    if (entry.isExpired(nowNanos)) {
      return Rejection.EXPIRED;
    }
    long alone = costs.curve(entry.bucket()).plus(entry.weight());
    boolean late = entry.deadlineNanos() - nowNanos < alone;
    return late ? Rejection.INFEASIBLE : Rejection.OVERLOAD;
  }

  private void shed(Lane<T> lane, int items, long nowNanos) {
    for (int i = 0; i < items && !lane.isEmpty(); i++) {
      Entry<T> entry = lane.removeHead();
      T item = entry.item();
      Rejection why = lost(entry, nowNanos);
      recent.shed(entry.weight());
      forget(entry);
      reject(item, why);
    }
  }

  private Decision decide(Lane<T> lane, long nowNanos) {
    shown = lane;
    shownNanos = nowNanos;
    lane.costsAlone(alone);
    try {
      Decision decision = policy.decide(nowNanos, this);
      boolean right =
          switch (decision.kind()) {
            case RUN -> decision.count() >= 1 && decision.count() <= maxBatchRows;
            case SHED -> decision.count() >= 1 && decision.count() <= lane.items();
            case WAIT -> mayWait && decision.untilNanos() > nowNanos;
          };
      if (right) {
        return decision;
      }
      throw new IllegalStateException(
          "policy: %s (expected to run 1..%d rows, to shed 1..%d items, or to wait%s)"
              .formatted(
                  decision, maxBatchRows, lane.items(), mayWait ? "" : ", but not for this one"));
    } catch (Throwable fault) {
      note(fault);
      return fallback.decide(nowNanos, this);
    } finally {
      lane.costsAlone(false);
      shown = null;
    }
  }

  @Override
  public LaneView lane() {
    return Objects.requireNonNull(shown);
  }

  @Override
  public int maxBatchRows() {
    return cap.rowsAt(shownNanos);
  }

  @Override
  public int replicas() {
    return crew.serving();
  }

  @Override
  public int busy() {
    return crew.busy();
  }

  @Override
  public long busyUntilNanos(int index) {
    return crew.busyUntilNanos(index);
  }

  @Override
  public double arrivalRate() {
    return arrivals.rate(shownNanos);
  }

  @Override
  public double marginalLoad() {
    return arrivals.marginalLoad(shownNanos);
  }

  @Override
  public long sinceLastBatchNanos() {
    return admission.sinceTakenNanos(Objects.requireNonNull(shown).head().bucket(), shownNanos);
  }

  @Override
  public boolean mayWait() {
    return mayWait;
  }

  /** Any thread. */
  QueueReport report(long nowNanos) {
    List<QueueReport.SizedCurve> curves = new ArrayList<>();
    for (int bucket = 0; bucket < CostModel.buckets(); bucket++) {
      Curve curve = costs.curve(bucket);
      if (curve.isKnown()) {
        curves.add(
            new QueueReport.SizedCurve(
                CostModel.rowSizeOf(bucket), curve, recent.rowRate(bucket, nowNanos)));
      }
    }
    return new QueueReport(
        curves,
        publishedRate * 1e9,
        admission.load(),
        publishedReplicas,
        decisions.batches(),
        decisions.chosenRows(),
        decisions.queuedRows(),
        decisions.waits(),
        costs.error().median(),
        costs.error().p99(),
        recent.lately(nowNanos),
        new QueueReport.Devices(publishedDevices, publishedReady, inFlight.report()));
  }

  private boolean isDead(Entry<T> entry, long nowNanos) {
    return entry.isExpired(nowNanos) || entry.isLate(nowNanos) || isSettled(entry.item());
  }

  private boolean isToBeDelayed(Entry<T> entry, long nowNanos) {
    return entry.isLate(nowNanos)
        && entry.isDelayable()
        && !entry.isExpired(nowNanos)
        && !isSettled(entry.item());
  }

  /** What becomes of a dead head that has been taken out of its lane. */
  private void letGo(Entry<T> entry, long nowNanos) {
    if (isToBeDelayed(entry, nowNanos)) {
      delay(entry, nowNanos);
    } else {
      drop(entry, nowNanos);
    }
  }

  /** Puts an entry back behind those that are still in time. */
  private void delay(Entry<T> entry, long nowNanos) {
    entry.delayed();
    int priority = Ticket.priority(entry.ticket());
    try {
      entry.orderBy(policy.urgencyOfDelayed(nowNanos, priority));
    } catch (RuntimeException fault) {
      note(fault);
      entry.orderBy(fallback.urgencyOfDelayed(nowNanos, priority));
    }
    addToLane(entry);
  }

  /** Forgets a dead entry, and answers it if it died of its age; else somebody has done so. */
  private void drop(Entry<T> entry, long nowNanos) {
    boolean expired = entry.isExpired(nowNanos);
    boolean late = entry.isLate(nowNanos);
    T item = entry.item();
    if (expired) {
      recent.shed(entry.weight());
    }
    forget(entry);
    if (expired) {
      reject(item, Rejection.EXPIRED);
    } else if (late) {
      reject(item, Rejection.TIMED_OUT);
    }
  }

  /** Ends the queue's interest in an entry that has left its lane. */
  private void forget(Entry<T> entry) {
    freedRows += entry.weight();
    freedBytes += entry.bytes();
    admission.release(entry.ticket());
    pool.recycle(entry);
  }

  private void countOut() {
    if (freedRows > 0) {
      counts.release(freedRows, freedBytes);
      freedRows = 0;
      freedBytes = 0;
    }
  }

  /** An item that throws here is dropped: whether it was claimed, only the item could say. */
  private boolean claim(T item) {
    try {
      return item.claim();
    } catch (Throwable fault) {
      note(fault);
      return false;
    }
  }

  private boolean reject(T item, Rejection rejection) {
    try {
      return item.reject(rejection);
    } catch (Throwable fault) {
      note(fault);
      return false;
    }
  }

  private boolean isSettled(T item) {
    try {
      return item.isSettled();
    } catch (Throwable fault) {
      note(fault);
      return true;
    }
  }

  /** Written by the leader only, so the increment needs no more than visibility. */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private void note(Throwable fault) {
    lastFault = fault;
    faults++;
  }
}
