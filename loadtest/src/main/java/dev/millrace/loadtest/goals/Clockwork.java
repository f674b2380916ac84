// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Does things again and again beside a measurement, on a thread of its own. */
final class Clockwork implements AutoCloseable {
  /** Something to do. */
  interface Task {
    void run() throws IOException;
  }

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final AtomicReference<@Nullable IOException> failure = new AtomicReference<>();

  /** First after one interval. */
  void every(long seconds, Task task) {
    timer.scheduleAtFixedRate(
        () -> {
          try {
            task.run();
          } catch (IOException e) {
            failure.compareAndSet(null, e);
          }
        },
        seconds,
        seconds,
        TimeUnit.SECONDS);
  }

  /** Throws the first failure of a task, if one has failed. */
  void check() throws IOException {
    IOException first = failure.get();
    if (first != null) {
      throw new IOException(first.getMessage(), first);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
