// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The right to work on a queue's lanes and on the reading end of its ring, which one thread has at
 * a time; and the line of replicas that wait for it.
 *
 * <p>A replica that comes to take a batch takes the lead if it is free ({@link #acquire}), else it
 * parks on the {@link IdleStack}. The leader claims its batch and passes the lead on before it runs
 * ({@link #release}). If nothing waits, the leader itself parks ({@link #park}), as the <i>parked
 * leader</i>: the one thread that a producer has to wake ({@link #wake}). While all replicas run
 * there is no leader, and an offer wakes nobody: it costs its producer a fence and a volatile read.
 *
 * <h2>Lent</h2>
 *
 * <p>Between rounds the lead lies with a replica thread that sleeps. A producer that is a replica
 * too borrows it there ({@link #tryAcquireOrBorrow}) and gives it back, without waking the thread:
 * it swaps the thread's name for {@code LENT} and back again. A producer that finds {@code LENT}
 * wakes nobody, since the borrower looks at the ring once more; the thread itself, should it wake
 * up for some reason, waits until its name is back ({@link #reclaim}). The borrower touches lanes
 * and the ring's reading end, and never the idle stack.
 *
 * <h2>Invariants</h2>
 *
 * <ol>
 *   <li>At most one thread holds the lead; it is freed or granted in {@link #passOn} only.
 *   <li>If a replica is on the idle stack, somebody holds the lead, or is about to look at the
 *       stack again (fence 1).
 *   <li>If the leader is parked, lanes and ring are empty, or the producer that fills the ring is
 *       about to wake the leader (fences 2 to 4), or the producers that offered quietly are about
 *       to take or to wake; or it is parked for a time, because its policy waits for more: then
 *       lanes hold something, and each offer wakes it.
 *   <li>{@code parkedLeader} is null, or the thread that holds the lead or is just being granted
 *       it, or {@link #LENT}.
 * </ol>
 *
 * <p>The fences are pairs in the manner of Dekker: each side writes, then reads what the other side
 * writes, so at least one of the two sees the other. They are numbered through this class and
 * {@link BatchQueue}, which has the other two (5 and 6).
 */
final class Lead {
  /** What there is to lead, as the queue tells it. */
  interface Work {
    /** Whether something lies in lanes. For the leader only. */
    boolean isInLanes();

    /** Whether something has been published that is in no lane yet. */
    boolean isInRing();

    /** Whether no offer is accepted any more. */
    boolean isClosed();

    /** Whether the queue is closed, and nothing is queued or on its way. */
    boolean isFinished();
  }

  /** Of {@link #park}: until somebody wakes the leader. */
  static final long NO_END = Long.MAX_VALUE;

  /** Between two looks of a leader that is awake at its lead, which is lent for microseconds. */
  private static final long RECLAIM_RETRY_NANOS = 50_000;

  /** In {@code parkedLeader}: the parked leader's lead is in use by a borrower. */
  private static final Object LENT = new Object();

  private final Work work;
  private final AtomicBoolean held = new AtomicBoolean();
  private final IdleStack idle = new IdleStack();
  private final AtomicReference<@Nullable Object> parkedLeader = new AtomicReference<>();

  /** Whose lead the holder has borrowed; null if it is the holder's own. The holder's. */
  private @Nullable Thread lender;

  Lead(Work work) {
    this.work = work;
  }

  boolean isHeld() {
    return held.get();
  }

  /** Takes the lead if it is free. */
  boolean tryAcquire() {
    return !held.get() && held.compareAndSet(false, true);
  }

  /** Takes the lead if it is free or lies with a thread that sleeps. */
  boolean tryAcquireOrBorrow() {
    return tryAcquire() || tryBorrow();
  }

  private boolean tryBorrow() {
    if (parkedLeader.get() instanceof Thread leader && parkedLeader.compareAndSet(leader, LENT)) {
      lender = leader;
      return true;
    }
    return false;
  }

  /** Waits for the lead at {@code batch}'s place in the line; false if interrupted. */
  boolean acquire(Batch<?> batch) {
    if (tryAcquire()) {
      return true;
    }
    Waiter me = batch.waiter();
    me.start();
    idle.push(me);
    // Fence 1, this side: pushed, then the lead is tried once more (volatile, both). The other side
    // is passOn: lead freed, then the stack read. One of the two sees the other.
    if (tryAcquire()) {
      idle.remove(me);
      return true;
    }
    if (me.await()) {
      reclaim(Thread.currentThread());
      return true;
    }
    batch.renewWaiter(); // the old one lies on the stack until a leader passes by
    return false;
  }

  /**
   * Waits with the lead for a producer, the close, or the end of the time: {@link #NO_END} only
   * with empty lanes. Returns for no reason now and then.
   */
  void park(long nanos) {
    parkedLeader.set(Thread.currentThread());
    // Fence 2: named, then the ring and `closed` are read once more. The other side is fence 3.
    VarHandle.fullFence();
    if (work.isInRing() || work.isFinished()) {
      reclaim(Thread.currentThread());
      return;
    }
    if (nanos == NO_END) {
      LockSupport.park(this);
    } else {
      LockSupport.parkNanos(this, nanos);
    }
    reclaim(Thread.currentThread());
  }

  /** Nobody needs to wake that leader any more. Waits, microseconds, while its lead is lent. */
  private void reclaim(@Nullable Thread named) {
    while (parkedLeader.get() != null && !parkedLeader.compareAndSet(named, null)) {
      if (Thread.currentThread().isInterrupted()) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(this, RECLAIM_RETRY_NANOS);
      }
    }
  }

  /** Wakes the parked leader, if there is one. Any thread. */
  void wake() {
    // Fence 3: published (or closed, or counted out), then parkedLeader is read. The ring publishes
    // with a release store only, which a later read may overtake; hence a full fence.
    VarHandle.fullFence();
    // Of several producers one pays for the wake-up.
    if (parkedLeader.get() instanceof Thread leader && parkedLeader.compareAndSet(leader, null)) {
      LockSupport.unpark(leader);
    }
  }

  /** Ends the holder's lead: gives it back if it was borrowed, else passes it on. */
  void release() {
    Thread owner = lender;
    if (owner == null) {
      passOn();
    } else {
      lender = null;
      giveBack(owner);
    }
  }

  private void giveBack(Thread owner) {
    parkedLeader.set(owner);
    // Fence 7: named again, then `closed` is read. The other side is the close, which may have
    // found LENT. (An offer that did is seen by the reader of the ring in BatchQueue.tryTake.)
    VarHandle.fullFence();
    if (work.isClosed()) {
      wake();
    }
  }

  /**
   * Gives the lead to the replica that went idle last, or frees it if there is none. The next
   * leader is woken only if there is something for it to do; else it goes on sleeping, now as the
   * parked leader.
   */
  private void passOn() {
    do {
      if (grant()) {
        return;
      }
      parkedLeader.set(null);
      held.set(false);
      // Fence 1, other side: a replica that pushed itself before it saw the lead free is seen here.
    } while (!idle.isEmpty() && tryAcquire());
  }

  private boolean grant() {
    for (Waiter next = idle.pop(); next != null; next = idle.pop()) {
      Thread thread = next.thread();
      // Asked each time: a borrower may have filled lanes under the name of one who has gone.
      boolean hasWork = work.isInLanes() || work.isInRing() || work.isClosed();
      // Named before the grant: afterwards `next` may already lead, run and have been followed by
      // another, whose name a late write would hide. Named too early does no harm: see below.
      parkedLeader.set(hasWork ? null : thread);
      if (!next.grant()) {
        reclaim(thread); // gone, interrupted
        continue;
      }
      if (!hasWork) {
        // Fence 4: named and granted, then the ring and `closed` are read once more. A producer may
        // have woken `next` between name and grant, when it had nothing to do and slept on; then
        // what that producer published is seen here. So the wake-up here asks for no permission.
        VarHandle.fullFence();
        // And whoever took the name before the grant woke it in vain: its items may be in lanes.
        hasWork = parkedLeader.get() != thread || work.isInRing() || work.isClosed();
      }
      if (hasWork) {
        LockSupport.unpark(thread);
      }
      return true;
    }
    return false;
  }
}
