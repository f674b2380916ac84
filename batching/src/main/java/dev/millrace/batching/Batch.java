// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Claimed items that run together. Owned by one replica and filled again by each {@link
 * BatchQueue#take}, so that taking a batch allocates nothing.
 */
public final class Batch<T extends Batchable> {
  private final ArrayList<T> items = new ArrayList<>();
  private final List<T> view = Collections.unmodifiableList(items);
  private int rows;
  private long takenNanos;
  private Waiter waiter = new Waiter();

  /** The items in the order in which they run; valid until the next take. */
  public List<T> items() {
    return view;
  }

  /** Rows of all items together. */
  public int rows() {
    return rows;
  }

  /** When the batch was closed, on the queue's clock. */
  public long takenNanos() {
    return takenNanos;
  }

  public boolean isEmpty() {
    return items.isEmpty();
  }

  void add(T item, int itemRows) {
    items.add(item);
    rows += itemRows;
  }

  /** The place in the line of idle replicas; here because a batch has one owner and is reused. */
  Waiter waiter() {
    return waiter;
  }

  /** Replaces a waiter that was left behind on an idle stack. */
  void renewWaiter() {
    waiter = new Waiter();
  }

  void takenAt(long nanos) {
    takenNanos = nanos;
  }

  /** Forgets the items, so that a waiting replica keeps none of them alive. */
  public void clear() {
    items.clear();
    rows = 0;
  }
}
