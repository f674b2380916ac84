// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Runner;
import dev.millrace.backends.threads.Niceness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The threads of a served version that take batches, as many as are wanted now. Any thread. */
final class Replicas {
  private static final Logger log = LoggerFactory.getLogger(Replicas.class);

  private final ServedVersion served;
  private final BiFunction<Runner, Runnable, Replica> work;
  private final Supplier<Runner> warmRunner;

  /** Those that take batches; replaced whole, under {@code this}. */
  private volatile List<Thread> threads = List.of();

  // guarded by this

  /** Told to leave, and may still be in their last batch. */
  private final List<Thread> leaving = new ArrayList<>();

  private int started;
  private boolean closing;

  /**
   * @param work of a thread, with its runner, which it closes, and what it calls when it is about
   *     to take its first batch
   * @param warmRunner makes one more
   */
  Replicas(
      ServedVersion served,
      BiFunction<Runner, Runnable, Replica> work,
      Supplier<Runner> warmRunner) {
    this.served = served;
    this.work = work;
    this.warmRunner = warmRunner;
  }

  /** Starts the first ones; each that is ready counts down. */
  synchronized CountDownLatch startAll(List<Runner> runners) {
    CountDownLatch attached = new CountDownLatch(runners.size());
    threads = runners.stream().map(runner -> start(runner, attached::countDown)).toList();
    return attached;
  }

  private Thread start(Runner runner, Runnable attached) {
    Thread replica =
        Thread.ofPlatform()
            .name("replica-" + served.name() + "-" + served.version() + "-" + started++)
            .daemon()
            .unstarted(work.apply(runner, attached));
    Niceness.startServing(replica);
    return replica;
  }

  int count() {
    return threads.size();
  }

  /** See {@link ServedVersion#scaleTo}. By whoever has a lease. */
  void scaleTo(int count) {
    for (int missing = missing(count); missing > 0; missing = missing(count)) {
      // outside of the lock: an engine may take its time, and closing must not wait for it
      Runner runner = warmRunner.get();
      if (!add(runner, count)) {
        runner.close();
      }
    }
    remove(count);
  }

  /** How many are to be added; 0 if the version is on its way out. */
  private synchronized int missing(int count) {
    return closing ? 0 : count - threads.size();
  }

  private synchronized boolean add(Runner runner, int count) {
    if (closing || threads.size() >= count) {
      return false;
    }
    List<Thread> more = new ArrayList<>(threads);
    more.add(start(runner, () -> {}));
    threads = List.copyOf(more);
    if (more.size() == count) {
      log.info("{}: {} replicas", served, count);
    }
    return true;
  }

  private synchronized void remove(int count) {
    if (closing || threads.size() <= count) {
      return;
    }
    leaving.removeIf(thread -> !thread.isAlive());
    for (Thread thread : threads.subList(count, threads.size())) {
      thread.interrupt(); // a queue lets those go who are interrupted, between two batches
      leaving.add(thread);
    }
    threads = List.copyOf(threads.subList(0, count));
    log.info("{}: {} replicas", served, count);
  }

  /** No more of them: they end when the queue is closed and empty. */
  synchronized void close() {
    closing = true;
  }

  /** Waits until each has ended, for so long each; false if one has not. */
  boolean awaitEnd(Duration time) throws InterruptedException {
    List<Thread> all = new ArrayList<>(threads);
    synchronized (this) {
      all.addAll(leaving);
    }
    for (Thread replica : all) {
      if (!replica.join(time)) {
        return false;
      }
    }
    return true;
  }
}
