// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that sees to requests that wait while every replica is busy, and to runs that do not
 * end. Every few milliseconds it sweeps the served versions in which something is queued; while
 * there are only runs, it looks at them now and then. The other served versions cost nothing, and
 * while there are only others it sleeps.
 *
 * <p>Whoever leaves a request in a queue calls {@link #watch} behind it, and whoever has published
 * a run calls {@link #watchRun}; the janitor lets go of a served version where it has found
 * neither. In between, the served version is on one intrusive stack, so that neither allocates. The
 * two meet as in Dekker's algorithm: a caller has counted its rows in, or published its run, and
 * then reads {@code watched}; the janitor takes {@code watched} down and then looks for rows and
 * runs. So what is there is seen by one of them. It is the same with {@code pace}, which the
 * janitor sets before it looks a last time and goes to sleep.
 */
final class Janitor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Janitor.class);

  /** How late an expired or cancelled request is noticed while all replicas are busy. */
  private static final long SWEEP_NANOS = 5_000_000;

  /** How late a run that lasts too long is noticed: half of the shortest time that is too long. */
  private static final long LOOK_NANOS = 50_000_000;

  /**
   * Periods with nothing to do until the next slower pace. To wake the thread costs a request some
   * microseconds, and so only the first one after 100 ms that has to wait, and the first run after
   * a second, pays.
   */
  private static final int IDLE_PERIODS = 20;

  // what the thread looks for, the quicker the smaller

  /** For what is queued. */
  private static final int SWEEPING = 0;

  /** For runs only; to be woken for what is queued. */
  private static final int LOOKING = 1;

  /** For nothing; to be woken for either. */
  private static final int ASLEEP = 2;

  private final RunLimits runLimits;
  private final LongSupplier nanoClock;

  /** What is watched, linked by {@link ServedVersion#watchedNext}. */
  private final AtomicReference<@Nullable ServedVersion> newest = new AtomicReference<>();

  private final AtomicInteger pace = new AtomicInteger(SWEEPING);
  private final Thread thread =
      Thread.ofPlatform().name("janitor").daemon().unstarted(this::tickUntilClosed);
  private volatile boolean closed;

  // owned by whoever ticks
  private boolean watching;
  private long stalledNanos;
  private long lastStalledNanos;

  /**
   * @param runLimits how long runs may last
   */
  Janitor(RunLimits runLimits, LongSupplier nanoClock) {
    this.runLimits = runLimits;
    this.nanoClock = nanoClock;
  }

  void start() {
    thread.start();
  }

  RunLimits runLimits() {
    return runLimits;
  }

  /**
   * Has a served version swept until nothing is queued there. Any thread, after it has left
   * something in the queue. Never blocks; costs two volatile reads while the served version is
   * watched already.
   */
  void watch(ServedVersion served) {
    enlist(served);
    quicken(SWEEPING);
  }

  /**
   * Has a served version's runs looked at until there are none. Any thread, after it has published
   * its run. Never blocks; costs a volatile read while the served version is watched already.
   */
  void watchRun(ServedVersion served) {
    if (enlist(served)) {
      // whoever queued something meanwhile, and found it enlisted, has left waking to this thread
      quicken(served.queuedRows() > 0 ? SWEEPING : LOOKING);
    }
  }

  private boolean enlist(ServedVersion served) {
    if (served.watched.get() || !served.watched.compareAndSet(false, true)) {
      return false;
    }
    push(served);
    return true;
  }

  private void quicken(int wanted) {
    int now = pace.get();
    while (now > wanted) {
      if (pace.compareAndSet(now, wanted)) {
        LockSupport.unpark(thread);
        return;
      }
      now = pace.get();
    }
  }

  private void push(ServedVersion served) {
    ServedVersion below;
    do {
      below = newest.get();
      served.watchedNext = below;
    } while (!newest.compareAndSet(below, served));
  }

  /** Sees to what is watched, once. Returns in how many served versions something was queued. */
  int tick() {
    int swept = 0;
    ServedVersion next = newest.getAndSet(null);
    watching = next != null;
    while (next != null) {
      ServedVersion served = next;
      next = served.watchedNext; // first: once let go, it can be pushed again
      served.watchedNext = null;
      if (served.queuedRows() > 0) {
        swept++;
      }
      seeTo(served);
      if (isActive(served)) {
        push(served);
      }
    }
    lastStalledNanos = stalledNanos;
    return swept;
  }

  private void seeTo(ServedVersion served) {
    try {
      served.sweep();
      served.lookAtRuns(stalledNanos, lastStalledNanos);
    } catch (RuntimeException | Error e) {
      log.error("looking after {} failed", served, e); // the next tick tries again
    }
  }

  /** Whether something is queued or runs; if not, the served version is let go. */
  private static boolean isActive(ServedVersion served) {
    if (served.isActive()) {
      return true;
    }
    served.watched.set(false);
    return served.isActive() && served.watched.compareAndSet(false, true);
  }

  private void tickUntilClosed() {
    int idlePeriods = 0;
    while (!closed) {
      idlePeriods = tick() > 0 ? 0 : idlePeriods + 1;
      if (idlePeriods < IDLE_PERIODS) {
        pause(SWEEP_NANOS);
      } else {
        lookOnly();
        idlePeriods = 0;
      }
    }
  }

  /** Returns when something is queued. */
  private void lookOnly() {
    pace.set(LOOKING);
    int idlePeriods = 0;
    while (!closed && tick() == 0 && pace.get() != SWEEPING) {
      idlePeriods = watching ? 0 : idlePeriods + 1;
      if (idlePeriods < IDLE_PERIODS) {
        pause(LOOK_NANOS);
      } else {
        sleep();
        idlePeriods = 0;
      }
    }
    pace.set(SWEEPING);
  }

  /** Returns when something is queued or runs. */
  private void sleep() {
    if (!pace.compareAndSet(LOOKING, ASLEEP)) {
      return;
    }
    while (pace.get() == ASLEEP && newest.get() == null && !closed) {
      LockSupport.park(this);
    }
    pace.compareAndSet(ASLEEP, LOOKING);
  }

  private void pause(long nanos) {
    long begin = nanoClock.getAsLong();
    LockSupport.parkNanos(this, nanos);
    stalledNanos += Math.max(0, nanoClock.getAsLong() - begin - nanos);
  }

  /** Ends the thread, soon. */
  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
