// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Rows and bytes that a queue holds, counted in by producers before they publish and counted out by
 * the leader when it removes an item. Neither ever exceeds its limit, not even for a moment; that
 * is why both are compare-and-sets and not additions taken back on refusal.
 */
final class QueueCounts {
  private final int maxRows;
  private final long maxBytes;
  private final AtomicInteger rows = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  QueueCounts(int maxRows, long maxBytes) {
    this.maxRows = maxRows;
    this.maxBytes = maxBytes;
  }

  int rows() {
    return rows.get();
  }

  long bytes() {
    return bytes.get();
  }

  /** Counts an item in, or says which limit it would exceed and changes nothing. */
  @Nullable Rejection reserve(int addedRows, long addedBytes) {
    int heldRows;
    do {
      heldRows = rows.get();
      if (addedRows > maxRows - heldRows) {
        return Rejection.QUEUE_ROWS;
      }
    } while (!rows.compareAndSet(heldRows, heldRows + addedRows));
    long heldBytes;
    do {
      heldBytes = bytes.get();
      if (addedBytes > maxBytes - heldBytes) {
        rows.addAndGet(-addedRows);
        return Rejection.QUEUE_BYTES;
      }
    } while (!bytes.compareAndSet(heldBytes, heldBytes + addedBytes));
    return null;
  }

  /** Bytes first: whoever sees no rows (a closed queue at its end) sees no bytes either. */
  void release(int removedRows, long removedBytes) {
    bytes.addAndGet(-removedBytes);
    rows.addAndGet(-removedRows);
  }
}
