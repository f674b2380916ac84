// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A queued item with all that the queue needs to know of it, read once by the offering thread: the
 * leader never calls a getter that could throw or change its mind, and what was counted in is what
 * is counted out.
 *
 * <p>Entries are recycled: {@link Ring} swaps a full one for an empty one, so a hand-off copies
 * nothing and allocates nothing.
 */
final class Entry<T extends Batchable> {
  private @Nullable T item;
  private @Nullable Object laneKey;
  private int rows;
  private long bytes;
  private long arrivalNanos;
  private long deadlineNanos;
  private long startByNanos;
  private boolean delayable;
  private long urgency;
  private long sequence;
  private long ticket;

  void fill(
      T item,
      Object laneKey,
      int rows,
      long bytes,
      long arrivalNanos,
      long deadlineNanos,
      long startByNanos,
      boolean delayable,
      long ticket) {
    this.item = item;
    this.laneKey = laneKey;
    this.rows = rows;
    this.bytes = bytes;
    this.arrivalNanos = arrivalNanos;
    this.deadlineNanos = deadlineNanos;
    this.startByNanos = startByNanos;
    this.delayable = delayable;
    this.ticket = ticket;
  }

  void orderBy(long urgency) {
    this.urgency = urgency;
  }

  /** Lets go of the item and its shape; the numbers are overwritten by the next fill. */
  void clear() {
    item = null;
    laneKey = null;
  }

  T item() {
    return Objects.requireNonNull(item);
  }

  Object laneKey() {
    return Objects.requireNonNull(laneKey);
  }

  void runAlone() {
    laneKey = Lanes.ALONE;
  }

  /** Rows this item adds to a batch. */
  int rows() {
    return rows;
  }

  /** Rows this item counts against limits and sizes: an item of 0 rows still takes a place. */
  int weight() {
    return Math.max(1, rows);
  }

  long bytes() {
    return bytes;
  }

  long arrivalNanos() {
    return arrivalNanos;
  }

  long deadlineNanos() {
    return deadlineNanos;
  }

  /** The earlier of deadline and start-by: until then it should run. */
  long dueNanos() {
    return Math.min(deadlineNanos, startByNanos);
  }

  /** What it was admitted for. */
  long ticket() {
    return ticket;
  }

  /** Where run times of rows like this item's are learned. */
  int bucket() {
    return Ticket.bucket(ticket);
  }

  /** What lanes and items are ordered by, the smallest first; the policy's. */
  long urgency() {
    return urgency;
  }

  boolean isExpired(long nowNanos) {
    return deadlineNanos <= nowNanos;
  }

  /** Whether it was to be started earlier. */
  boolean isLate(long nowNanos) {
    return startByNanos <= nowNanos;
  }

  /** Whether it goes on waiting when it is late. */
  boolean isDelayable() {
    return delayable;
  }

  /** It has been late, and is never so again. */
  void delayed() {
    startByNanos = Long.MAX_VALUE;
  }

  /** Place in the order of arrival, which decides between equal urgencies. */
  long sequence() {
    return sequence;
  }

  void arrivedAs(long sequence) {
    this.sequence = sequence;
  }
}
