// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A task that is done again and again, at an interval that may be changed. Any thread. */
final class Repeated {
  private final ScheduledExecutorService thread;
  private final Runnable task;

  // guarded by this
  private @Nullable Future<?> now;

  Repeated(ScheduledExecutorService thread, Runnable task) {
    this.thread = thread;
    this.task = task;
  }

  /** Does it from now on with so much time between; first after so much. */
  synchronized void every(long nanos) {
    if (now != null) {
      now.cancel(false);
    }
    try {
      now = thread.scheduleWithFixedDelay(task, nanos, nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // closed meanwhile
    }
  }
}
