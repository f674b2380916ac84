// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Runner;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** The runs of a served version's replicas, on threads and on event loops. Any thread. */
final class RunWatches {
  private final List<RunWatch> watches = new CopyOnWriteArrayList<>();
  private final AtomicInteger suspectThreads = new AtomicInteger();
  private final AtomicInteger suspectLoops = new AtomicInteger();
  private final LongAdder terminatedRuns = new LongAdder();
  private final Object model;
  private final RunLimits limits;

  /**
   * @param model for the log
   */
  RunWatches(Object model, RunLimits limits) {
    this.model = model;
    this.limits = limits;
  }

  /** For the runs of one runner. */
  RunWatch add(Runner runner, boolean onEventLoop) {
    AtomicInteger suspects = onEventLoop ? suspectLoops : suspectThreads;
    RunWatch watch = new RunWatch(model, runner, limits, suspects, terminatedRuns);
    watches.add(watch);
    return watch;
  }

  void remove(RunWatch watch) {
    watches.remove(watch);
  }

  boolean anyInProgress() {
    for (RunWatch watch : watches) {
      if (watch.isInProgress()) {
        return true;
      }
    }
    return false;
  }

  /** For how long the runs in progress have lasted, summed. */
  long lastingNanos(long nowNanos) {
    long sum = 0;
    for (RunWatch watch : watches) {
      sum += watch.lastsNanos(nowNanos);
    }
    return sum;
  }

  /** See {@link RunWatch#look}. The janitor's. */
  void look(long nowNanos, long stalledNanos, long lastStalledNanos) {
    for (RunWatch watch : watches) {
      watch.look(nowNanos, stalledNanos, lastStalledNanos);
    }
  }

  /** Ends what is suspect now, without waiting for its limit. */
  void terminateSuspects(long nowNanos) {
    for (RunWatch watch : watches) {
      watch.terminateSuspect(nowNanos);
    }
  }

  int suspectThreads() {
    return suspectThreads.get();
  }

  int suspects() {
    return suspectThreads.get() + suspectLoops.get();
  }

  long terminatedRuns() {
    return terminatedRuns.sum();
  }
}
