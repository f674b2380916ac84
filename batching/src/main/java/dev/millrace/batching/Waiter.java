// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A replica on the {@link IdleStack}. Its state leaves WAITING once: to LEADS by the thread that
 * hands the lead over, or to GONE by the replica itself, which wants to wait no longer.
 */
final class Waiter {
  private static final int WAITING = 0;
  private static final int LEADS = 1;
  private static final int GONE = 2;

  private final AtomicInteger state = new AtomicInteger(GONE);
  private @Nullable Thread thread;

  /** The waiter below this one; written by the pusher before the push and then by the leader. */
  @Nullable Waiter next;

  /** Makes the calling thread the one that waits. Only while this waiter is on no stack. */
  void start() {
    thread = Thread.currentThread();
    state.set(WAITING);
  }

  @Nullable Thread thread() {
    return thread;
  }

  /** Gives the lead to this waiter; false if it has gone. Does not wake it. */
  boolean grant() {
    return state.compareAndSet(WAITING, LEADS);
  }

  /** Parks until granted; false if the thread was interrupted first. */
  boolean await() {
    while (state.get() != LEADS) {
      if (Thread.currentThread().isInterrupted() && state.compareAndSet(WAITING, GONE)) {
        return false;
      }
      LockSupport.park(this);
    }
    return true;
  }
}
