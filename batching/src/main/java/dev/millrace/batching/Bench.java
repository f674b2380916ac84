// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * Replicas whose device has as many batches as it is to have. To the rest of a queue they are as
 * replicas that run: no offer wakes them. Whoever leads does, as soon as their device has room.
 *
 * <p>A replica sits down while it leads ({@link #sit}), gives the lead up, and waits ({@link
 * #await}). So no leader can have found room for it before it sat, and each later one sees it.
 * Waking is for any thread.
 */
final class Bench {
  private final Queue<Batch<?>> sitting = new ConcurrentLinkedQueue<>();

  boolean isEmpty() {
    return sitting.isEmpty();
  }

  /** Under the lead, by the replica's own thread. */
  void sit(Batch<?> batch) {
    batch.benched = Thread.currentThread();
    sitting.add(batch);
  }

  /** Waits until it is woken; false if interrupted. Not under the lead. */
  boolean await(Batch<?> batch) {
    while (batch.benched != null) {
      if (Thread.currentThread().isInterrupted()) {
        sitting.remove(batch);
        batch.benched = null;
        return false;
      }
      LockSupport.park(this);
    }
    return true;
  }

  void wakeAll() {
    wake(batch -> true);
  }

  /** Wakes those that {@code may} start. */
  void wake(Predicate<Batch<?>> may) {
    sitting.removeIf(
        batch -> {
          Thread thread = batch.benched;
          if (thread == null) {
            return true; // another thread has just woken it
          }
          if (!may.test(batch)) {
            return false;
          }
          batch.benched = null;
          LockSupport.unpark(thread);
          return true;
        });
  }
}
