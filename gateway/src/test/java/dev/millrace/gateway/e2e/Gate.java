// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Holds the runs of one model until a test has seen what it wants to see. Open unless closed, and
 * never shut for longer than {@link #PATIENCE_SECONDS}, lest a failing test hangs.
 */
final class Gate implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 30;
  private static final Map<String, Gate> GATES = new ConcurrentHashMap<>();

  private boolean shut;
  private int waiting;

  private Gate() {}

  /** The gate of all models of that name, served by {@link HeldBackend}. */
  static Gate of(String model) {
    return GATES.computeIfAbsent(model, name -> new Gate());
  }

  /** Runs wait from now on, until {@link #close} opens the gate again. */
  synchronized Gate shut() {
    shut = true;
    return this;
  }

  /** Opens the gate for good. */
  @Override
  public synchronized void close() {
    shut = false;
    notifyAll();
  }

  /** Runs that stand before the gate. */
  synchronized int waiting() {
    return waiting;
  }

  synchronized void pass() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    waiting++;
    try {
      while (shut) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
          return;
        }
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      waiting--;
    }
  }
}
