// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/**
 * Decides what an idle replica does next: a pure function of the time and of what waits, so that
 * tests and a simulator can step it.
 */
public interface BatchPolicy {

  /**
   * Rows of {@code lane} to run now.
   *
   * @param nowNanos the queue's time
   * @param lane the lane whose head is the most urgent; never empty
   * @param maxBatchRows rows of a batch at most
   * @return rows to take, 1..maxBatchRows
   */
  int decide(long nowNanos, LaneView lane, int maxBatchRows);

  /** What a policy sees of a lane. */
  interface LaneView {
    /** Rows waiting, settled items included. */
    int rows();

    /** When the head arrived. */
    long headArrivalNanos();

    /** The head's deadline; Long.MAX_VALUE for none. */
    long headDeadlineNanos();
  }

  /** Takes whatever waits, up to the cap: the batch grows by itself while replicas are busy. */
  static BatchPolicy greedy() {
    return (now, lane, maxBatchRows) -> Math.clamp(lane.rows(), 1, maxBatchRows);
  }
}
