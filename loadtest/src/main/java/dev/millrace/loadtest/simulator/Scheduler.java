// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.List;

/**
 * What decides which requests run together, when and on which replica: our own queue and policy, or
 * a baseline. One thread, virtual time.
 */
public interface Scheduler {

  /** Takes a request in, or refuses it at once by {@link SimRequest#refused}. */
  void offer(long nowNanos, SimRequest request);

  /**
   * What an idle replica does now. Asked of each idle replica, lowest number first, after every
   * event: an arrival, the end of a batch, a time that a {@link Move.Wait} has named. Not asked
   * while no request waits.
   */
  Move next(long nowNanos, int replica);

  /** A batch has ended; its requests have been answered. */
  void finished(long nowNanos, int replica, List<SimRequest> batch, long runNanos);

  /** How often {@link #tick} is called while requests wait, as a janitor is; never by default. */
  default long tickEveryNanos() {
    return Long.MAX_VALUE;
  }

  /** Time has passed, replicas may all be busy. */
  default void tick(long nowNanos) {}

  /** A scheduler's decision. */
  sealed interface Move {
    /** Nothing to do until something happens. */
    Move IDLE = new Wait(Long.MAX_VALUE);

    /** Runs these together, now; one shape, at least one request. */
    record Run(List<SimRequest> batch) implements Move {}

    /** Wants to be asked again at that time, which is later than now, or if something happens. */
    record Wait(long untilNanos) implements Move {}
  }

  /** Makes one for a run of the simulator. */
  @FunctionalInterface
  interface Factory {
    Scheduler create(Setting setting);
  }

  /**
   * Where a scheduler works.
   *
   * @param service how long runs take: for baselines only; ours has to learn it
   * @param replicas how many batches run at a time
   * @param maxBatchRows rows of a batch at most
   * @param sloNanos the time within which most requests want their answer; Long.MAX_VALUE if none
   */
  record Setting(ServiceModel service, int replicas, int maxBatchRows, long sloNanos) {}
}
