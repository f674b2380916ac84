// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that sees to requests that wait while every replica is busy: every few milliseconds it
 * sweeps the deployments in which something is queued. The others cost nothing, and while there are
 * only others it sleeps.
 *
 * <p>Whoever leaves a request in a queue calls {@link #watch} behind it; the janitor lets go of a
 * deployment whose queue it has found empty. In between, the deployment is on one intrusive stack,
 * so that neither allocates. The two meet as in Dekker's algorithm: a caller has counted its rows
 * in and then reads {@code watched}; the janitor takes {@code watched} down and then reads the
 * count. So a row that is counted is seen by one of them.
 */
final class Janitor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Janitor.class);

  /** How late an expired or cancelled request is noticed while all replicas are busy. */
  private static final long PERIOD_NANOS = 5_000_000;

  /**
   * Periods without anything to sweep until the thread sleeps. To wake it costs a request some
   * microseconds, and so only the first one after 100 ms pays.
   */
  private static final int IDLE_PERIODS = 20;

  /** What is watched, linked by {@link Deployment#watchedNext}. */
  private final AtomicReference<@Nullable Deployment> newest = new AtomicReference<>();

  private final AtomicBoolean asleep = new AtomicBoolean();
  private final Thread thread =
      Thread.ofPlatform().name("janitor").daemon().unstarted(this::tickUntilClosed);
  private volatile boolean closed;

  void start() {
    thread.start();
  }

  /**
   * Has a deployment swept until nothing is queued there. Any thread, after it has left something
   * in the queue. Never blocks; costs a volatile read while the deployment is watched already.
   */
  void watch(Deployment deployment) {
    if (!deployment.watched.get() && deployment.watched.compareAndSet(false, true)) {
      push(deployment);
      // pushed, then `asleep` is read; the other side is sleep
      if (asleep.get() && asleep.compareAndSet(true, false)) {
        LockSupport.unpark(thread);
      }
    }
  }

  private void push(Deployment deployment) {
    Deployment below;
    do {
      below = newest.get();
      deployment.watchedNext = below;
    } while (!newest.compareAndSet(below, deployment));
  }

  /** Sweeps what is watched, once. Returns how many deployments that were. */
  int tick() {
    int swept = 0;
    Deployment next = newest.getAndSet(null);
    while (next != null) {
      Deployment deployment = next;
      next = deployment.watchedNext; // first: once let go, it can be pushed again
      deployment.watchedNext = null;
      sweep(deployment);
      swept++;
      if (isWaiting(deployment)) {
        push(deployment);
      }
    }
    return swept;
  }

  private static void sweep(Deployment deployment) {
    try {
      deployment.sweep();
    } catch (RuntimeException | Error e) {
      log.error("sweeping {} failed", deployment, e); // the next tick tries again
    }
  }

  /** Whether something is queued; if not, the deployment is let go. */
  private static boolean isWaiting(Deployment deployment) {
    if (deployment.queuedRows() > 0) {
      return true;
    }
    deployment.watched.set(false);
    return deployment.queuedRows() > 0 && deployment.watched.compareAndSet(false, true);
  }

  private void tickUntilClosed() {
    int idlePeriods = 0;
    while (!closed) {
      idlePeriods = tick() > 0 ? 0 : idlePeriods + 1;
      if (idlePeriods < IDLE_PERIODS) {
        LockSupport.parkNanos(this, PERIOD_NANOS);
      } else {
        sleep();
        idlePeriods = 0;
      }
    }
  }

  private void sleep() {
    asleep.set(true);
    while (asleep.get() && newest.get() == null && !closed) {
      LockSupport.park(this);
    }
    asleep.set(false);
  }

  /** Ends the thread, soon. */
  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
