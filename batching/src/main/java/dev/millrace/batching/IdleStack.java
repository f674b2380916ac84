// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Replicas that wait while another one leads; the last to come is the first to go, because its
 * caches are the warmest.
 *
 * <p>Anyone may push; only the thread that leads removes. With one remover at a time the classic
 * Treiber stack has no ABA problem, so waiters can be used again and again, and a waiter can be
 * removed from the middle.
 */
final class IdleStack {
  private final AtomicReference<@Nullable Waiter> top = new AtomicReference<>();

  boolean isEmpty() {
    return top.get() == null;
  }

  void push(Waiter waiter) {
    Waiter below;
    do {
      below = top.get();
      waiter.next = below;
    } while (!top.compareAndSet(below, waiter));
  }

  /** The last waiter pushed, or null. Leader only. */
  @Nullable Waiter pop() {
    Waiter waiter;
    do {
      waiter = top.get();
      if (waiter == null) {
        return null;
      }
    } while (!top.compareAndSet(waiter, waiter.next));
    waiter.next = null;
    return waiter;
  }

  /** Takes a waiter off, wherever it is. Leader only. */
  void remove(Waiter waiter) {
    if (top.compareAndSet(waiter, waiter.next)) {
      waiter.next = null;
      return;
    }
    for (Waiter above = top.get(); above != null; above = above.next) {
      if (above.next == waiter) {
        above.next = waiter.next;
        waiter.next = null;
        return;
      }
    }
  }
}
