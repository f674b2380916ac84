// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.lang.invoke.VarHandle;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
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
 * <h2>The lead</h2>
 *
 * <p>Lanes, policy and the ring's reading end belong to the one thread that holds the lead. A
 * replica that comes to take a batch takes the lead if it is free, else it parks on the {@link
 * IdleStack}. The leader claims its batch and passes the lead on before it runs. If nothing waits,
 * the leader itself parks, as the <i>parked leader</i>: the one thread that a producer has to wake.
 * While all replicas run there is no leader, and an offer wakes nobody: it costs its producer a
 * fence and a volatile read.
 *
 * <p>Invariants:
 *
 * <ol>
 *   <li>At most one thread holds the lead; it is freed or granted in {@link #passLeadOn} only.
 *   <li>If a replica is on the idle stack, somebody holds the lead, or is about to look at the
 *       stack again (fence 1).
 *   <li>If the leader is parked, lanes and ring are empty, or the producer that fills the ring is
 *       about to wake the leader (fences 2 to 4), or the producers that offered quietly are about
 *       to take or to wake.
 *   <li>{@code parkedLeader} is null, or the thread that holds the lead or is just being granted
 *       it, or {@link #LENT}.
 *   <li>{@code queuedRows} counts each accepted item, and each item on its way to being accepted or
 *       refused. So if the queue is closed and counts no rows, nothing will ever come again (fence
 *       5).
 * </ol>
 *
 * <h2>The lead, lent</h2>
 *
 * <p>Between rounds the lead lies with a replica thread that sleeps. {@link #tryTake} borrows it
 * there and gives it back, without waking the thread: it swaps the thread's name for {@code LENT}
 * and back again. A producer that finds {@code LENT} wakes nobody, since the borrower looks at the
 * ring once more; the thread itself, should it wake up for some reason, waits until its name is
 * back ({@link #reclaimLead}). The borrower touches lanes and the ring's reading end, and never the
 * idle stack.
 *
 * <p>The fences are pairs in the manner of Dekker: each side writes, then reads what the other side
 * writes, so at least one of the two sees the other.
 *
 * <p>Time is the {@code nanoClock}'s; it must not wrap around (a monotonic clock that counts from
 * boot does not). It is read once per offer that wakes, per attempt to fill a batch and per sweep.
 */
public final class BatchQueue<T extends Batchable> {
  /** Between two tries of {@link #rejectAll} to get the lead, which is held for microseconds. */
  private static final long LEAD_RETRY_NANOS = 50_000;

  /** In {@code parkedLeader}: the parked leader's lead is in use by a {@link #tryTake}. */
  private static final Object LENT = new Object();

  private final QueueLimits limits;
  private final LongSupplier nanoClock;
  private final QueueCounts counts;
  private final Ring<T> ring;
  private final LaneScheduler<T> scheduler;

  private final AtomicBoolean lead = new AtomicBoolean();
  private final IdleStack idle = new IdleStack();
  private final AtomicReference<@Nullable Object> parkedLeader = new AtomicReference<>();
  private volatile boolean closed;

  public BatchQueue(QueueLimits limits, BatchPolicy policy, LongSupplier nanoClock) {
    this.limits = limits;
    this.nanoClock = nanoClock;
    this.counts = new QueueCounts(limits.maxQueuedRows(), limits.maxQueuedBytes());
    EntryPool<T> pool = new EntryPool<>(limits.ringSlots());
    this.ring = new Ring<>(limits.ringSlots(), pool);
    this.scheduler = new LaneScheduler<>(limits.maxBatchRows(), policy, counts, pool);
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
      wakeParkedLeader();
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
    int weight = Math.max(1, rows);
    Rejection refusal = counts.reserve(weight, bytes);
    if (refusal != null) {
      return closed ? Rejection.CLOSED : refusal;
    }
    // Fence 5, this side: counted in, then `closed` is read (both volatile). The other side is
    // isFinished: `closed` is read as true, then the count. Either this offer sees that the queue
    // is closed, or no replica takes its leave before the item is settled.
    if (closed) {
      takeBack(weight, bytes);
      return Rejection.CLOSED;
    }
    if (!ring.tryPublish(item, laneKey, rows, bytes, nowNanos, deadlineNanos)) {
      takeBack(weight, bytes);
      return Rejection.RING_FULL;
    }
    return null;
  }

  /** Has a replica thread see to what waits, if one sleeps. Never blocks. */
  public void wake() {
    wakeParkedLeader();
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
    batch.clear();
    if (!awaitLead(batch)) {
      return false;
    }
    try {
      while (!Thread.currentThread().isInterrupted()) {
        if (fill(batch)) {
          return true;
        }
        if (isFinished()) {
          return false;
        }
        parkAsLeader();
      }
      return false;
    } finally {
      passLeadOn();
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
    batch.clear();
    // Fence 6, the producer's side: published, with a release store only, then the lead is read.
    VarHandle.fullFence();
    // Again if something was published after the ring was read and before the lead was free: its
    // producer may have tried meanwhile, failed, and gone. Fence 6: that producer published, passed
    // fence 3 or tried to take, then read the lead; this thread frees the lead, then reads the
    // ring.
    do {
      Thread lender = null;
      if (!tryLead()) {
        lender = borrowLead();
        if (lender == null) {
          return false;
        }
      }
      boolean filled = false;
      try {
        filled = fill(batch);
      } finally {
        if (lender == null) {
          passLeadOn();
        } else {
          giveBack(lender);
        }
      }
      if (filled) {
        return true;
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
    if (counts.rows() == 0 || !tryLead()) {
      return false;
    }
    try {
      ring.drainTo(scheduler);
      scheduler.sweep(nanoClock.getAsLong());
    } finally {
      passLeadOn();
    }
    return counts.rows() > 0 && !lead.get();
  }

  /**
   * Refuses all offers from now on. What is queued still runs; {@link #take} answers false to every
   * replica once nothing is left.
   */
  public void close() {
    closed = true;
    wakeParkedLeader();
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
      if (tryLead()) {
        try {
          ring.drainTo(scheduler);
          rejected += scheduler.rejectAll(rejection);
        } finally {
          passLeadOn();
        }
        if (!closed) {
          break;
        }
      } else {
        // The leader is taking a batch, or an offer is about to wake it: rows are never counted
        // under a leader that stays parked. Both are over in microseconds.
        LockSupport.parkNanos(this, LEAD_RETRY_NANOS);
      }
    }
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

  private boolean tryLead() {
    return !lead.get() && lead.compareAndSet(false, true);
  }

  /** Returns with the lead, or false if interrupted. */
  private boolean awaitLead(Batch<T> batch) {
    if (tryLead()) {
      return true;
    }
    Waiter me = batch.waiter();
    me.start();
    idle.push(me);
    // Fence 1, this side: pushed, then the lead is tried once more (volatile, both). The other side
    // is passLeadOn: lead freed, then the stack read. One of the two sees the other.
    if (tryLead()) {
      idle.remove(me);
      return true;
    }
    if (me.await()) {
      reclaimLead();
      return true;
    }
    batch.renewWaiter(); // the old one lies on the stack until a leader passes by
    return false;
  }

  private boolean fill(Batch<T> batch) {
    ring.drainTo(scheduler);
    return scheduler.fill(batch, nanoClock.getAsLong());
  }

  /** Nothing is queued or on its way, and nothing will come. `closed` must be read first. */
  private boolean isFinished() {
    return closed && counts.rows() == 0;
  }

  /**
   * Waits, with empty lanes, for a producer or {@link #close}. Returns for no reason now and then.
   * A policy that waits (a stagger, a larger batch) will want a time here; nothing else changes.
   */
  private void parkAsLeader() {
    parkedLeader.set(Thread.currentThread());
    // Fence 2: named, then the ring and `closed` are read once more. The other side is fence 3.
    VarHandle.fullFence();
    if (ring.isEmpty() && !isFinished()) {
      LockSupport.park(this);
    }
    reclaimLead();
  }

  /**
   * Awake: nobody needs to wake the leader any more. Waits, microseconds, while its lead is lent.
   */
  private void reclaimLead() {
    reclaimLead(Thread.currentThread());
  }

  private void reclaimLead(@Nullable Thread named) {
    while (parkedLeader.get() != null && !parkedLeader.compareAndSet(named, null)) {
      if (Thread.currentThread().isInterrupted()) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(this, LEAD_RETRY_NANOS);
      }
    }
  }

  /** The sleeping thread whose lead the caller may use until {@link #giveBack}; null for none. */
  private @Nullable Thread borrowLead() {
    return parkedLeader.get() instanceof Thread leader && parkedLeader.compareAndSet(leader, LENT)
        ? leader
        : null;
  }

  private void giveBack(Thread lender) {
    parkedLeader.set(lender);
    // Fence 7: named again, then `closed` is read. The other side is close, which may have found
    // LENT. (An offer that did is seen by the reader of the ring in tryTake.)
    VarHandle.fullFence();
    if (closed) {
      wakeParkedLeader();
    }
  }

  private void wakeParkedLeader() {
    // Fence 3: published (or closed, or counted out), then parkedLeader is read. The ring publishes
    // with a release store only, which a later read may overtake; hence a full fence.
    VarHandle.fullFence();
    // Of several producers one pays for the wake-up.
    if (parkedLeader.get() instanceof Thread leader && parkedLeader.compareAndSet(leader, null)) {
      LockSupport.unpark(leader);
    }
  }

  /** Undoes a reservation. A closed queue may have been waiting for just this. */
  private void takeBack(int weight, long bytes) {
    counts.release(weight, bytes);
    if (closed) {
      wakeParkedLeader();
    }
  }

  /**
   * Gives the lead to the replica that went idle last, or frees it if there is none. The next
   * leader is woken only if there is something for it to do; else it goes on sleeping, now as the
   * parked leader.
   */
  private void passLeadOn() {
    do {
      if (grantLead()) {
        return;
      }
      parkedLeader.set(null);
      lead.set(false);
      // Fence 1, other side: a replica that pushed itself before it saw the lead free is seen here.
    } while (!idle.isEmpty() && tryLead());
  }

  private boolean grantLead() {
    boolean hasWork = hasWork();
    for (Waiter next = idle.pop(); next != null; next = idle.pop()) {
      Thread thread = next.thread();
      // Named before the grant: afterwards `next` may already lead, run and have been followed by
      // another, whose name a late write would hide. Named too early does no harm: see below.
      parkedLeader.set(hasWork ? null : thread);
      if (!next.grant()) {
        reclaimLead(thread); // gone, interrupted
        hasWork = hasWork(); // a borrower may have filled lanes under that name
        continue;
      }
      if (!hasWork) {
        // Fence 4: named and granted, then the ring and `closed` are read once more. A producer may
        // have woken `next` between name and grant, when it had nothing to do and slept on; then
        // what that producer published is seen here. So the wake-up here asks for no permission.
        VarHandle.fullFence();
        // And whoever took the name before the grant woke it in vain: its items may be in lanes.
        hasWork = parkedLeader.get() != thread || !ring.isEmpty() || closed;
      }
      if (hasWork) {
        LockSupport.unpark(thread);
      }
      return true;
    }
    return false;
  }

  /** Whether the next leader has something to do, be it to see that the queue is closed. */
  private boolean hasWork() {
    return scheduler.hasWork() || !ring.isEmpty() || closed;
  }
}
