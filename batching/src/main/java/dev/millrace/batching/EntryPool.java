// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.ArrayDeque;

/** Empty entries for the ring, owned by the leader; the last one returned is the next one used. */
final class EntryPool<T extends Batchable> {
  private final ArrayDeque<Entry<T>> empty;
  private final int maxPooled;

  EntryPool(int maxPooled) {
    this.maxPooled = maxPooled;
    this.empty = new ArrayDeque<>(maxPooled); // never grows: recycling cannot fail
  }

  Entry<T> get() {
    Entry<T> entry = empty.pollLast();
    return entry != null ? entry : new Entry<>();
  }

  void recycle(Entry<T> entry) {
    entry.clear();
    if (empty.size() < maxPooled) {
      empty.addLast(entry);
    }
  }
}
