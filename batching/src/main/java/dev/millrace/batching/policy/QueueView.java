// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

/** What a policy sees of a queue at the moment of a decision. */
public interface QueueView {

  /** The lane whose head is the most urgent; never empty. */
  LaneView lane();

  /** Rows of a batch at most. */
  int maxBatchRows();

  /** Replicas that serve, the one that asks included; those that hang are left out. */
  int replicas();

  /** Of them, how many run a batch now. */
  int busy();

  /**
   * When a busy replica is expected to be done.
   *
   * @param index 0..busy-1, in no order
   */
  long busyUntilNanos(int index);

  /** Rows that come per nanosecond, in all lanes. */
  double arrivalRate();

  /**
   * What arriving rows add to the time of batches, as a share of one replica's time: 0.5 if they
   * keep half a replica busy even in the largest batches.
   */
  double marginalLoad();

  /** Since a batch of the head's shape was last taken, or since the beginning. */
  long sinceLastBatchNanos();

  /** Whether a decision to wait is possible: not for an event loop, nor while a queue closes. */
  boolean mayWait();
}
