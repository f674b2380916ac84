// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/**
 * How many rows a batch may hold now: as many as the limit says, or fewer for a while where larger
 * batches were found not to fit into a device's memory. Any thread.
 *
 * <p>Each batch that does not fit halves what the next may hold, and starts the time anew; after it
 * the limit holds again, since what took the memory may be another model that is gone.
 */
final class RowCap {
  private static final long HOLD_NANOS = 30_000_000_000L;

  private final int limit;
  private volatile Lowered lowered;

  private record Lowered(int rows, long fromNanos) {}

  RowCap(int limit) {
    this.limit = limit;
    this.lowered = new Lowered(limit, 0);
  }

  /** A batch of so many rows did not fit. */
  synchronized void didNotFit(int rows, long nowNanos) {
    lowered = new Lowered(Math.clamp(rows / 2, 1, rowsAt(nowNanos)), nowNanos);
  }

  int rowsAt(long nowNanos) {
    Lowered now = lowered;
    return nowNanos - now.fromNanos < HOLD_NANOS ? now.rows : limit;
  }
}
