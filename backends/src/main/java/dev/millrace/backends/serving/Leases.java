// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/** How many use a served version, and whether further ones may. Any thread. */
final class Leases {
  private static final int CLOSED = 1 << 31;

  /** Leases out, and the CLOSED bit. */
  private final AtomicInteger leases = new AtomicInteger();

  private final LongSupplier nanoClock;

  Leases(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /** Takes a lease; false if none is given any more. */
  boolean acquire() {
    if ((leases.incrementAndGet() & CLOSED) == 0) {
      return true;
    }
    release();
    return false;
  }

  void release() {
    if (leases.decrementAndGet() == CLOSED) {
      synchronized (leases) {
        leases.notifyAll();
      }
    }
  }

  /** How many are out. */
  int out() {
    return leases.get() & ~CLOSED;
  }

  /** Gives no more. */
  void close() {
    leases.getAndUpdate(count -> count | CLOSED);
  }

  /** Once closed, waits until all are back; false if they are not in time. */
  boolean awaitAllBack(Duration time) throws InterruptedException {
    long end = nanoClock.getAsLong() + time.toNanos();
    synchronized (leases) {
      while (leases.get() != CLOSED) {
        long millis = (end - nanoClock.getAsLong()) / 1_000_000;
        if (millis <= 0) {
          return false;
        }
        leases.wait(millis);
      }
    }
    return true;
  }
}
