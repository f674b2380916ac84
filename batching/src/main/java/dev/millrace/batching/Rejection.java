// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/** Why a queue did not execute an item. */
public enum Rejection {
  /** The queue holds as many rows as it may. */
  QUEUE_ROWS,
  /** The queue holds as many bytes as it may. */
  QUEUE_BYTES,
  /** As many requests of its priority wait as may. */
  QUEUE_REQUESTS,
  /** Producers are ahead of the hand-off ring. */
  RING_FULL,
  /** No replica could answer it before its deadline, not even alone and at once. */
  INFEASIBLE,
  /** More is asked for than can be answered in time: this one would be late, or make others so. */
  OVERLOAD,
  /** The deadline passed while the item waited. */
  EXPIRED,
  /** It was not started by the time it had to be. */
  TIMED_OUT,
  /** The queue is closed. */
  CLOSED
}
