// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/**
 * A request that a {@link BatchQueue} can hold.
 *
 * <p>An item is completed exactly once: by whoever wins {@link #claim} (a replica that is about to
 * run it) or by whoever wins {@link #reject} (the queue, a cancelled call, an expired deadline).
 * Both are compare-and-sets from the same initial state, callable from any thread.
 */
public interface Batchable {

  /** Rows this item adds to a batch; at least 0, constant. */
  int rows();

  /** Bytes this item holds while it waits; at least 0, constant. */
  long bytes();

  /**
   * What must be equal for two items to share a batch (by {@code equals}; one shared instance per
   * shape makes the comparison an identity check).
   */
  Object shapeKey();

  /** When the answer is worth nothing any more, on the queue's clock; Long.MAX_VALUE for never. */
  long deadlineNanos();

  /**
   * Until when a replica must have taken it, on the queue's clock; Long.MAX_VALUE for never. Unlike
   * the deadline this says nothing of when the answer is due.
   */
  default long startByNanos() {
    return Long.MAX_VALUE;
  }

  /** Whether it is put behind the others when that time has passed, instead of being rejected. */
  default boolean isDelayable() {
    return false;
  }

  /**
   * A measure of one row that grows with what it costs, and is equal for equal shapes: its
   * elements, say. Costs are learned by it; at least 0, constant.
   */
  default long rowSize() {
    return 1;
  }

  /** 0 for the most important, then 1, 2 and so on; constant. */
  default int priority() {
    return 0;
  }

  /** Whose it is, a small number; 0 for anybody's. Tenants share fairly what is too little. */
  default int tenant() {
    return 0;
  }

  /** Whether this item may share a batch with others; if not, it runs alone. */
  boolean batchable();

  /** Takes the item for execution. True for exactly one caller, and only if nobody rejected it. */
  boolean claim();

  /** Answers the item without executing it. True if this call did it; never blocks or throws. */
  boolean reject(Rejection rejection);

  /** Whether the item has been claimed or rejected: a settled item is skipped by the queue. */
  boolean isSettled();
}
