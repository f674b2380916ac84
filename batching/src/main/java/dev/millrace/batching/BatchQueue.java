// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.CostModel;
import dev.millrace.batching.policy.BatchPolicy;
import java.lang.invoke.VarHandle;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A queue of requests for one model version that hands out batches. Idle replicas pull, and a batch
 * is closed at the moment its replica starts on it: requests that arrive while all replicas run
 * make the next batch larger by themselves.
 *
 * <h2>Who may call</h2>
 *
 * <ul>
 *   <li>{@link #offer}, {@link #queuedRows}, {@link #queuedBytes}: any thread; they never block.
 *   <li>{@link #take}: replica threads, each with its own {@link Batch}. Blocks.
 *   <li>{@link #offerQuietly}, {@link #tryTake}, {@link #wake}: a producer that is a replica too,
 *       as an event loop can be. Never block. It offers without waking anybody, and at the end of
 *       its round takes batches until there are none, or wakes a replica thread to do it.
 *   <li>{@link #sweep}: one janitor, every few milliseconds while {@code queuedRows() > 0}. Without
 *       it the queue is still right, but while all replicas are busy nobody empties the ring and
 *       nobody answers those whose deadline passes.
 *   <li>{@link #close}, {@link #rejectAll}: any thread, in this order to stop.
 * </ul>
 *
 * <h2>How an item travels</h2>
 *
 * <p>{@code offer} counts the item in, stamps it and publishes it in the {@link Ring}. Whoever
 * <i>leads</i> moves it into the {@link Lane} of its shape and later claims it for a batch, rejects
 * it because it has expired, or finds it settled by somebody else and drops it. In each case the
 * item is counted out when it leaves its lane: a cancelled item holds its rows and bytes until the
 * next {@code take} that comes by or the next {@code sweep}, so for one janitor period at most.
 *
 * <h2>Who works on it</h2>
 *
 * <p>Lanes, policy and the ring's reading end belong to the one thread that holds the {@link Lead}:
 * a replica that takes a batch, until it runs it, or that sleeps because nothing waits and is woken
 * by the next offer; a producer that takes for itself; the sweep. {@code Lead} says how it goes
 * from one to the next, and why no item is left lying between two of them.
 *
 * <p>A replica whose device has as many batches as it is to have waits on the {@link Bench}, which
 * to all others is as if it ran.
 *
 * <p>{@code queuedRows} counts each accepted item, and each item on its way to being accepted or
 * refused. So if the queue is closed and counts no rows, nothing will ever come again (fence 5 of
 * those that {@code Lead} explains).
 *
 * <p>Time is the {@code nanoClock}'s; it must not wrap around (a monotonic clock that counts from
 * boot does not). It is read once per offer that wakes, per attempt to fill a batch and per sweep.
 */
public final class BatchQueue<T extends Batchable> {
  /** Between two tries of {@link #rejectAll} to get the lead, which is held for microseconds. */
  private static final long LEAD_RETRY_NANOS = 50_000;

  private final QueueLimits limits;
  private final LongSupplier nanoClock;
  private final QueueCounts counts;
  private final CostModel costs;
  private final Admission admission;
  private final boolean predicts;
  private final Ring<T> ring;
  private final LaneScheduler<T> scheduler;
  private final RowCap cap;
  private final Recent recent = new Recent();
  private final Lead lead = new Lead(new Contents());
  private final Bench bench = new Bench();
  private volatile boolean closed;

  public BatchQueue(QueueLimits limits, BatchPolicy policy, LongSupplier nanoClock) {
    this(limits, Fairness.NONE, policy, nanoClock);
  }

  public BatchQueue(
      QueueLimits limits, Fairness fairness, BatchPolicy policy, LongSupplier nanoClock) {
    this.limits = limits;
    this.nanoClock = nanoClock;
    this.counts = new QueueCounts(limits.maxQueuedRows(), limits.maxQueuedBytes());
    this.costs = new CostModel(limits.maxBatchRows());
    this.predicts = policy.predicts();
    this.cap = new RowCap(limits.maxBatchRows());
    Shares shares = new Shares(fairness.weights());
    this.admission =
        new Admission(costs, counts, limits.maxQueueNanos(), shares, nanoClock.getAsLong());
    EntryPool<T> pool = new EntryPool<>(limits.ringSlots());
    this.ring = new Ring<>(limits.ringSlots(), pool);
    this.scheduler =
        new LaneScheduler<>(
            limits.maxBatchRows(), cap, policy, costs, admission, shares, counts, pool, recent);
  }

  /**
   * Queues an item, or says why not. Never blocks and never waits for room.
   *
   * @return null if the queue has accepted the item and will see to its answer; else the reason,
   *     and the item is untouched: the caller answers it
   */
  public @Nullable Rejection offer(T item) {
    Rejection rejection = offerQuietly(item, nanoClock.getAsLong());
    if (rejection == null) {
      lead.wake();
    }
    return rejection;
  }

  /**
   * As {@link #offer}, but wakes nobody. Whoever calls this sees to the item soon, on the same
   * thread: by {@link #tryTake} until it answers false, or by {@link #wake}.
   *
   * @param nowNanos the time on the queue's clock: a clock read costs more than the rest of this
   */
  public @Nullable Rejection offerQuietly(T item, long nowNanos) {
    int rows = item.rows();
    long bytes = item.bytes();
    if (rows < 0 || bytes < 0) {
      throw new IllegalArgumentException(
          "item: " + rows + " rows, " + bytes + " bytes (expected at least 0)");
    }
    long deadlineNanos = item.deadlineNanos();
    boolean alone = rows > limits.maxBatchRows() || !item.batchable();
    Object laneKey = alone ? Lanes.ALONE : item.shapeKey();
    if (deadlineNanos <= nowNanos) {
      return closed ? Rejection.CLOSED : Rejection.EXPIRED;
    }
    long startByNanos = item.startByNanos();
    boolean delayable = item.isDelayable();
    if (startByNanos <= nowNanos && !delayable) {
      return closed ? Rejection.CLOSED : Rejection.TIMED_OUT;
    }
    int weight = Math.max(1, rows);
    int bucket = CostModel.bucketOf(item.rowSize());
    int priority = Math.clamp(item.priority(), 0, 0xff);
    long ticket =
        predicts
            ? admission.admit(nowNanos, deadlineNanos, weight, bucket, item.tenant(), priority)
            : Ticket.of(0, 0, bucket, priority);
    if (Ticket.isRefusal(ticket)) {
      recent.refused(weight);
      return closed ? Rejection.CLOSED : Ticket.rejection(ticket);
    }
    Rejection refusal = counts.reserve(weight, bytes);
    if (refusal != null) {
      admission.release(ticket);
      recent.refused(weight);
      return closed ? Rejection.CLOSED : refusal;
    }
    // Fence 5, this side: counted in, then `closed` is read (both volatile). The other side is
    // isFinished: `closed` is read as true, then the count. Either this offer sees that the queue
    // is closed, or no replica takes its leave before the item is settled.
    if (closed) {
      takeBack(weight, bytes, ticket);
      return Rejection.CLOSED;
    }
    if (!ring.tryPublish(
        item, laneKey, rows, bytes, nowNanos, deadlineNanos, startByNanos, delayable, ticket)) {
      takeBack(weight, bytes, ticket);
      recent.refused(weight);
      return Rejection.RING_FULL;
    }
    return null;
  }

  /**
   * A batch of so many rows did not fit into its device's memory: those to come are smaller for a
   * while. Any thread.
   */
  public void didNotFit(int rows) {
    cap.didNotFit(rows, nanoClock.getAsLong());
  }

  /** Has a replica thread see to what waits, if one sleeps. Never blocks. */
  public void wake() {
    lead.wake();
  }

  /**
   * Waits for work and claims a batch of it, as large as the policy says at this moment.
   *
   * <p>An error that escapes (none is expected: policies and items are contained) leaves the items
   * in {@code batch} claimed and with the caller.
   *
   * @return true with at least one item in {@code batch}; false if the queue is closed and empty,
   *     or the calling thread is interrupted (it stays so)
   */
  public boolean take(Batch<T> batch) {
    batch.isBack();
    long until = LaneScheduler.FULL;
    while (until == LaneScheduler.FULL && bench.await(batch) && lead.acquire(batch)) {
      until = LaneScheduler.NOTHING;
      try {
        until = lead(batch);
      } finally {
        if (until == LaneScheduler.NOTHING) {
          scheduler.leave(batch);
          bench.wakeAll(); // it may have been the last that would have come by
        }
        lead.release();
      }
    }
    if (until == LaneScheduler.FULL) {
      batch.leave(); // whoever leads drops it from those to count on
    }
    return until == LaneScheduler.TAKEN;
  }

  /**
   * With the lead: claims a batch, waits for one, or sits down on the bench.
   *
   * @return {@link LaneScheduler#TAKEN}; {@link LaneScheduler#FULL} if it sits; else {@link
   *     LaneScheduler#NOTHING}, and there will be no more
   */
  private long lead(Batch<T> batch) {
    scheduler.join(batch);
    begin(batch);
    while (!Thread.currentThread().isInterrupted()) {
      long now = nanoClock.getAsLong();
      boolean mayWait = !closed;
      long until = fill(batch, now, mayWait);
      if (until == LaneScheduler.TAKEN) {
        return until;
      }
      if (isFinished()) {
        return LaneScheduler.NOTHING;
      }
      if (until != LaneScheduler.FULL) {
        lead.park(until == LaneScheduler.NOTHING ? Lead.NO_END : until - now);
      } else if (sit(batch, mayWait)) {
        return until;
      }
    }
    return LaneScheduler.NOTHING;
  }

  /** Sits down, unless the queue was closed meanwhile: the close may have found the bench empty. */
  private boolean sit(Batch<T> batch, boolean wasOpen) {
    bench.sit(batch);
    if (wasOpen && closed) {
      bench.wakeAll();
      return false;
    }
    return true;
  }

  /**
   * As {@link #take}, but instead of waiting says when to come again; also after each offer. For a
   * caller who is the only thread there is, such as a simulation.
   *
   * @return 0 with at least one item in {@code batch}; else a time on the queue's clock, or {@code
   *     Long.MAX_VALUE} if there is nothing to wait for
   */
  public long poll(Batch<T> batch) {
    batch.isBack();
    if (!lead.tryAcquire()) {
      throw new IllegalStateException("poll is for a single thread: another one leads");
    }
    try {
      scheduler.join(batch);
      begin(batch);
      long until = fill(batch, nanoClock.getAsLong(), !closed);
      if (until == LaneScheduler.TAKEN) {
        return 0;
      }
      return until == LaneScheduler.FULL ? Long.MAX_VALUE : until;
    } finally {
      lead.release();
    }
  }

  /**
   * Claims a batch if there is one to be had without waiting.
   *
   * @return true with at least one item in {@code batch}: then to be called again, or {@link
   *     #wake}, for what may still wait; false if nothing is ready, or another thread leads and
   *     will see to what is
   */
  public boolean tryTake(Batch<T> batch) {
    batch.isBack();
    batch.clear();
    // Fence 6, the producer's side: published, with a release store only, then the lead is read.
    VarHandle.fullFence();
    // Again if something was published after the ring was read and before the lead was free: its
    // producer may have tried meanwhile, failed, and gone. Fence 6: that producer published, passed
    // fence 3 or tried to take, then read the lead; this thread frees the lead, then reads the
    // ring.
    do {
      if (!lead.tryAcquireOrBorrow()) {
        return false;
      }
      try {
        begin(batch);
        if (fill(batch, nanoClock.getAsLong(), false) == LaneScheduler.TAKEN) {
          return true;
        }
      } finally {
        lead.release();
      }
    } while (!ring.isEmpty());
    return false;
  }

  /**
   * Sees to what waits while all replicas are busy: empties the ring into the lanes, answers what
   * has expired, drops what is settled. Returns at once if another thread leads, which does it too.
   *
   * @return whether items are left and no thread leads. That is so while all replica threads run
   *     and then needs nothing; but a replica on an event loop may have found the lead taken by
   *     this sweep and gone away, so its loop must then be told to {@link #tryTake} again.
   */
  public boolean sweep() {
    if (counts.rows() == 0 || !lead.tryAcquire()) {
      return false;
    }
    try {
      ring.drainTo(scheduler);
      long now = nanoClock.getAsLong();
      scheduler.sweep(now);
      if (!bench.isEmpty()) {
        scheduler.look(now); // whoever runs may hang: then nobody else comes by
        bench.wake(scheduler::mayStart);
      }
    } finally {
      lead.release();
    }
    return counts.rows() > 0 && !lead.isHeld();
  }

  /**
   * Refuses all offers from now on. What is queued still runs; {@link #take} answers false to every
   * replica once nothing is left.
   */
  public void close() {
    closed = true;
    lead.wake();
    bench.wakeAll();
  }

  /**
   * Rejects all that is still queued; after {@link #close}, until nothing is. Items that a replica
   * has claimed are not touched. Not from within an item's own {@code reject}.
   *
   * @return how many items this call answered
   */
  public int rejectAll(Rejection rejection) {
    int rejected = 0;
    while (counts.rows() > 0) {
      if (lead.tryAcquire()) {
        try {
          ring.drainTo(scheduler);
          rejected += scheduler.rejectAll(rejection);
        } finally {
          lead.release();
        }
        if (!closed) {
          break;
        }
      } else {
        // The leader is taking a batch, or is about to be woken: over in microseconds. Or, in a
        // queue that is open, it waits for more on its policy's word: until that is over.
        LockSupport.parkNanos(this, LEAD_RETRY_NANOS);
      }
    }
    bench.wakeAll();
    return rejected;
  }

  /** Rows of the items that wait; an item of 0 rows counts as one. */
  public int queuedRows() {
    return counts.rows();
  }

  /** Bytes of the items that wait. */
  public long queuedBytes() {
    return counts.bytes();
  }

  /**
   * Tells what a batch costs before any has run: from a warm-up. Before the first take.
   *
   * @param rowSize as an item's
   */
  public void seed(long rowSize, int rows, long nanos) {
    costs.observe(CostModel.bucketOf(rowSize), Math.max(1, rows), nanos);
  }

  /** What is known and was decided, at this moment. Any thread. */
  public QueueReport report() {
    return scheduler.report(nanoClock.getAsLong());
  }

  /** Expected time of a batch of so many rows of one size; 0 while nothing is known. Any thread. */
  public long expectedNanos(long rowSize, int rows) {
    return costs.curve(CostModel.bucketOf(rowSize)).plus(rows);
  }

  /** How long what is queued will take by prediction: what a caller who is refused might wait. */
  public long backlogNanos(long rowSize) {
    return admission.backlogNanos(CostModel.bucketOf(rowSize));
  }

  /** How long a request that comes now has to wait for its turn, by prediction. Any thread. */
  public long waitNanos(long rowSize, long nowNanos) {
    return admission.waitNanos(CostModel.bucketOf(rowSize), nowNanos);
  }

  /**
   * How often the policy or an item has thrown into the queue. Each time was contained: a batch was
   * sized greedily, or the one item dropped. Above 0 there is a defect in that code.
   */
  public long faults() {
    return scheduler.faults();
  }

  /** What was thrown last. */
  public Optional<Throwable> lastFault() {
    return scheduler.lastFault();
  }

  Admission admission() {
    return admission;
  }

  /** Under the lead: what has run is learned from, and forgotten. */
  private void begin(Batch<T> batch) {
    scheduler.learn(batch);
    batch.begin();
  }

  private long fill(Batch<T> batch, long nowNanos, boolean mayWait) {
    ring.drainTo(scheduler);
    long until = scheduler.fill(batch, nowNanos, mayWait);
    if (!bench.isEmpty()) {
      bench.wake(scheduler::mayStart);
    }
    return until;
  }

  /** Nothing is queued or on its way, and nothing will come. `closed` must be read first. */
  private boolean isFinished() {
    return closed && counts.rows() == 0;
  }

  /** Undoes a reservation. A closed queue may have been waiting for just this. */
  private void takeBack(int weight, long bytes, long ticket) {
    admission.release(ticket);
    counts.release(weight, bytes);
    if (closed) {
      lead.wake();
    }
  }

  /** The queue as its leaders see it. */
  private final class Contents implements Lead.Work {
    @Override
    public boolean isInLanes() {
      return scheduler.hasWork();
    }

    @Override
    public boolean isInRing() {
      return !ring.isEmpty();
    }

    @Override
    public boolean isClosed() {
      return closed;
    }

    @Override
    public boolean isFinished() {
      return BatchQueue.this.isFinished();
    }
  }
}
