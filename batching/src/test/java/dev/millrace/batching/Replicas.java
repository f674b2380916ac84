// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Threads of a test: started together, ended together, what they throw is not lost. */
final class Replicas implements AutoCloseable {
  static final long TIMEOUT_SECONDS = 20;

  private final List<Thread> threads = new ArrayList<>();
  private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();

  /** Starts a replica that gives each batch it takes to {@code run}, until take answers false. */
  Thread take(BatchQueue<TestItem> queue, Consumer<Batch<TestItem>> run) {
    return take(queue, OptionalInt.empty(), run);
  }

  /** The same for a replica on a device that it may share with others. */
  Thread take(BatchQueue<TestItem> queue, OptionalInt device, Consumer<Batch<TestItem>> run) {
    return start(
        () -> {
          Batch<TestItem> batch = new Batch<>(device);
          while (queue.take(batch)) {
            run.accept(batch);
          }
        });
  }

  Thread start(Runnable work) {
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .uncaughtExceptionHandler((dead, failure) -> failures.add(failure))
            .start(work);
    threads.add(thread);
    return thread;
  }

  /** Lets others run: on two cores a test that only spins keeps them from what it waits for. */
  @SuppressWarnings("ThreadPriorityCheck")
  static void letOthersRun() {
    Thread.yield();
  }

  /** Waits for all threads to end by themselves. */
  void join() {
    long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    for (Thread thread : threads) {
      try {
        if (!thread.join(Duration.ofNanos(Math.max(1, endNanos - System.nanoTime())))) {
          AssertionError stuck = new AssertionError("stuck: " + thread);
          stuck.setStackTrace(thread.getStackTrace());
          throw stuck;
        }
      } catch (InterruptedException e) {
        throw new AssertionError("interrupted", e);
      }
    }
    for (Throwable failure : failures) {
      throw new AssertionError("a thread died", failure);
    }
  }

  @Override
  public void close() {
    threads.forEach(Thread::interrupt);
  }
}
