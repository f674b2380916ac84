// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Runner;
import java.lang.invoke.VarHandle;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The run that one runner is in, as its thread shows it to the janitor, which finds it suspect when
 * it lasts too long, and ends it when it lasts longer still.
 *
 * <pre>
 *   idle ──begin──▶ running ──look──▶ marked      suspect, in the end terminated
 *    ▲                 │                 │
 *    └──────end────────┴───────end───────┘        with the lock from marked
 * </pre>
 *
 * <p>{@code state} is the number of the run and where it stands. A run that is not marked costs its
 * thread a volatile store and a compare-and-set, without a lock. What the janitor does to a run it
 * does with the lock, and only once it has got it, or finds it, marked under its number; and from
 * {@code marked} the runner's thread gets away with the lock only. So a run that ended meanwhile is
 * left alone, and the next one does not begin before {@link Runner#terminate} has returned: it
 * cannot end the wrong run, nor meet a runner that is closed.
 *
 * <p>The plain fields of a run are written before it is published, and the janitor's view of them
 * counts only if the same run is found afterwards. So what it may have read of the next is dropped.
 */
final class RunWatch {
  private static final Logger log = LoggerFactory.getLogger(RunWatch.class);

  private static final int IDLE = 0;
  private static final int RUNNING = 1;
  private static final int MARKED = 2;

  private final Object model;
  private final Runner runner;
  private final RunLimits limits;
  private final AtomicInteger suspects;
  private final LongAdder terminatedRuns;
  private final AtomicLong state = new AtomicLong();
  private final Object lock = new Object();

  // written by the runner's thread while nothing runs
  private long run;
  private long beginNanos;
  private long deadlineNanos;
  private long expectedNanos;
  private long lastTerminatedNanos;

  // guarded by lock
  private boolean suspect;
  private long terminatedNanos;

  // the janitor's
  private long lookedAt;
  private long stalledBefore;
  private boolean foundDeaf;

  /**
   * @param model for the log
   * @param suspects counted up while this run is suspect
   * @param terminatedRuns counted up when it is terminated
   */
  RunWatch(
      Object model,
      Runner runner,
      RunLimits limits,
      AtomicInteger suspects,
      LongAdder terminatedRuns) {
    this.model = model;
    this.runner = runner;
    this.limits = limits;
    this.suspects = suspects;
    this.terminatedRuns = terminatedRuns;
  }

  /**
   * A run begins; on its thread.
   *
   * @param latestDeadlineNanos the last deadline in the batch; {@code nowNanos} if none has one
   * @param expectedNanos what it should take; Long.MAX_VALUE if nobody knows
   */
  void begin(long nowNanos, long latestDeadlineNanos, long expectedNanos) {
    // not before the end of the last run, which a reader of that one could miss
    VarHandle.releaseFence();
    run++;
    beginNanos = nowNanos;
    deadlineNanos = latestDeadlineNanos;
    this.expectedNanos = expectedNanos;
    state.set(word(run, RUNNING));
  }

  /** The run that began last has returned, whichever way; on its thread. */
  void end() {
    lastTerminatedNanos = 0;
    if (state.compareAndSet(word(run, RUNNING), word(run, IDLE))) {
      return;
    }
    synchronized (lock) {
      lastTerminatedNanos = terminatedNanos;
      terminatedNanos = 0;
      if (suspect) {
        suspect = false;
        suspects.decrementAndGet();
      }
      state.set(word(run, IDLE));
    }
    log.info("{}: the run that was suspect has returned", model);
  }

  /** When the run that ended last was terminated, after its beginning; 0 if it was not. */
  long lastTerminatedNanos() {
    return lastTerminatedNanos;
  }

  /** Any thread. */
  boolean isInProgress() {
    return standing(state.get()) != IDLE;
  }

  /** For how long the run that is in progress has lasted; 0 if none is. Any thread. */
  long lastsNanos(long nowNanos) {
    long seen = state.get();
    long begin = beginNanos;
    VarHandle.loadLoadFence(); // what was read is of the run that is found on both sides of it
    boolean isOf = standing(seen) != IDLE && state.get() >> 2 == seen >> 2;
    return isOf ? Math.max(0, nowNanos - begin) : 0;
  }

  /**
   * Looks at the run, if there is one. The janitor's.
   *
   * @param stalledNanos for how long the janitor itself did not get to run, altogether: what held
   *     it up (a machine that was suspended, a debugger) held up the engine too
   * @param lastStalledNanos the same when it looked last
   */
  void look(long nowNanos, long stalledNanos, long lastStalledNanos) {
    long seen = state.get();
    if (standing(seen) == IDLE) {
      return;
    }
    if (seen >> 2 != lookedAt) {
      lookedAt = seen >> 2;
      stalledBefore = lastStalledNanos;
      foundDeaf = false;
    }
    long begin = beginNanos;
    long expected = expectedNanos;
    long terminateAfter = limits.terminateAfter(expected, deadlineNanos - begin);
    long lasts = nowNanos - begin - (stalledNanos - stalledBefore);
    if (lasts > limits.suspectAfter(expected) && mark(seen)) {
      log.warn(
          "{}: a run lasts {} by now (expected {}): its replica is suspect",
          model,
          show(lasts),
          expected == Long.MAX_VALUE ? "something, it is the first of its size" : show(expected));
    }
    if (lasts > terminateAfter && terminate(lasts)) {
      log.warn(
          "{}: a run lasts {} by now: terminating it (max_run_time sets another limit)",
          model,
          show(lasts));
    }
    if (lasts / 2 > terminateAfter && !foundDeaf && isTerminated()) {
      foundDeaf = true;
      log.error("{}: a run that was terminated goes on, after {}", model, show(lasts));
    }
  }

  /** Marks a run that is still the one that was seen. */
  private boolean mark(long seen) {
    synchronized (lock) {
      if (standing(seen) != RUNNING || !state.compareAndSet(seen, word(seen >> 2, MARKED))) {
        return false;
      }
      suspect = true;
      suspects.incrementAndGet();
      return true;
    }
  }

  /** Terminates the run that is marked, if there is one and it was not yet. Any thread. */
  boolean terminateSuspect(long nowNanos) {
    synchronized (lock) {
      return suspect && terminate(nowNanos - beginNanos);
    }
  }

  private boolean terminate(long lastedNanos) {
    synchronized (lock) {
      if (!suspect || terminatedNanos != 0) {
        return false;
      }
      terminatedNanos = Math.max(1, lastedNanos);
      terminatedRuns.increment();
      runner.terminate();
      return true;
    }
  }

  private boolean isTerminated() {
    synchronized (lock) {
      return terminatedNanos != 0;
    }
  }

  private static long word(long run, int standing) {
    return run << 2 | standing;
  }

  private static int standing(long word) {
    return (int) (word & 3);
  }

  /** For people. */
  static String show(long nanos) {
    if (nanos < 100_000_000) {
      return String.format(Locale.ROOT, "%.3f ms", nanos / 1e6);
    }
    return String.format(Locale.ROOT, nanos < 10_000_000_000L ? "%.3f s" : "%.0f s", nanos / 1e9);
  }
}
