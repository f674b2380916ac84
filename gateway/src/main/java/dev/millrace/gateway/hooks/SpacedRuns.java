// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.hooks;

import java.util.function.LongSupplier;

/**
 * A task that is asked for more often than it is worth running: it begins at once, and then again
 * when a pause is over, if it was asked for meanwhile. So each call is followed by a run that
 * begins after it, and there are never two runs in one pause. Any thread.
 */
final class SpacedRuns {
  private final Runnable task;
  private final long pauseNanos;
  private final Timer timer;
  private final LongSupplier nanoClock;

  // guarded by this
  private boolean due;
  private boolean hasRun;
  private long lastNanos;

  /** Has something run after a while, on another thread. */
  @FunctionalInterface
  interface Timer {
    void after(long delayNanos, Runnable task);
  }

  SpacedRuns(Runnable task, long pauseNanos, Timer timer, LongSupplier nanoClock) {
    this.task = task;
    this.pauseNanos = pauseNanos;
    this.timer = timer;
    this.nanoClock = nanoClock;
  }

  /** Has the task run soon; returns at once. */
  void request() {
    long delayNanos;
    synchronized (this) {
      if (due) {
        return;
      }
      due = true;
      long sinceNanos = nanoClock.getAsLong() - lastNanos;
      delayNanos = hasRun ? Math.max(0, pauseNanos - sinceNanos) : 0;
    }
    timer.after(delayNanos, this::run);
  }

  private void run() {
    synchronized (this) {
      due = false; // whoever asks from now on wants another run
      hasRun = true;
      lastNanos = nanoClock.getAsLong();
    }
    task.run();
  }
}
