// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/**
 * The bounds of a {@link BatchQueue}.
 *
 * @param maxBatchRows rows of a batch at most; an item of more rows runs alone
 * @param maxQueuedRows rows waiting at most (an item of 0 rows counts as one)
 * @param maxQueuedBytes bytes waiting at most
 * @param ringSlots slots of the hand-off ring, a power of two
 * @param maxQueueNanos how long an item without a deadline, or with a later one, may have to wait,
 *     by prediction
 */
public record QueueLimits(
    int maxBatchRows, int maxQueuedRows, long maxQueuedBytes, int ringSlots, long maxQueueNanos) {

  /** Any wait is accepted. */
  public QueueLimits(int maxBatchRows, int maxQueuedRows, long maxQueuedBytes, int ringSlots) {
    this(maxBatchRows, maxQueuedRows, maxQueuedBytes, ringSlots, Long.MAX_VALUE);
  }

  public QueueLimits {
    require(maxBatchRows >= 1, "maxBatchRows", maxBatchRows, "at least 1");
    require(maxQueuedRows >= 1, "maxQueuedRows", maxQueuedRows, "at least 1");
    require(maxQueuedBytes >= 1, "maxQueuedBytes", maxQueuedBytes, "at least 1");
    require(
        Integer.bitCount(ringSlots) == 1 && ringSlots > 0,
        "ringSlots",
        ringSlots,
        "a power of two");
    require(maxQueueNanos >= 1, "maxQueueNanos", maxQueueNanos, "at least 1");
  }

  private static void require(boolean ok, String name, long value, String expected) {
    if (!ok) {
      throw new IllegalArgumentException(name + ": " + value + " (expected " + expected + ")");
    }
  }
}
