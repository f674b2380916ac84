// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

/**
 * Decides what an idle replica does next: a pure function of the time and of what a queue shows, so
 * that tests and a simulator can step it.
 */
public interface BatchPolicy {
  /** How far a request without a deadline may be overtaken: nobody waits for ever. */
  long PATIENCE_NANOS = 10_000_000_000L;

  /**
   * What to do now. Called again after each decision to shed.
   *
   * @param nowNanos the queue's time
   * @param queue at least one item waits in its lane
   */
  Decision decide(long nowNanos, QueueView queue);

  /**
   * What requests are served by, the smallest first.
   *
   * @param deadlineNanos Long.MAX_VALUE for none
   * @param priority 0 for the most important, then 1, 2 and so on
   */
  default long urgency(long arrivalNanos, long deadlineNanos, int priority) {
    return Math.min(deadlineNanos, arrivalNanos + PATIENCE_NANOS);
  }

  /**
   * What a request is served by that was not started in time and goes on waiting: behind those that
   * are still in time.
   *
   * @param nowNanos when that was found
   */
  default long urgencyOfDelayed(long nowNanos, int priority) {
    return urgency(nowNanos, Long.MAX_VALUE, priority); // as if it had come just now, in no hurry
  }

  /** Whether requests may be refused at the door for what is predicted of them. */
  default boolean predicts() {
    return true;
  }

  /** Takes whatever waits, up to the cap: the batch grows by itself while replicas are busy. */
  static BatchPolicy greedy() {
    return (now, queue) -> Decision.run(Math.min(queue.maxBatchRows(), queue.lane().rows()));
  }

  /** One request a run. */
  static BatchPolicy none() {
    return (now, queue) -> Decision.run(1);
  }
}
