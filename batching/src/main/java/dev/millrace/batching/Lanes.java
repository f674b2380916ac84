// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.CostModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All lanes of a queue, the one with the most urgent head first. Owned by the leader.
 *
 * <p>Requests of different shapes do not meet: each shape has its lane, and those that run alone
 * share one under {@link #ALONE} (they would otherwise cut the batches of their shape). The lanes
 * that hold something form a binary heap, because a client can invent a shape per request and a
 * scan would then cost as much as the queue is long.
 *
 * <p>An emptied lane is kept for the next request of its shape, so that steady traffic allocates
 * nothing, but at most {@link #MAX_EMPTY_LANES} of them: shapes that come once are forgotten.
 */
final class Lanes<T extends Batchable> {
  /** The lane of items that share a batch with nobody. */
  static final Object ALONE =
      new Object() {
        @Override
        public String toString() {
          return "ALONE";
        }
      };

  /** More shapes than a served model alternates between; a few kilobytes. */
  static final int MAX_EMPTY_LANES = 64;

  private final CostModel costs;
  private final Map<Object, Lane<T>> byKey = new HashMap<>();
  private final ArrayList<Lane<T>> heap = new ArrayList<>();
  private final @Nullable Lane<T>[] forgettable = newArray(MAX_EMPTY_LANES);
  private int forgetNext;

  Lanes(CostModel costs) {
    this.costs = costs;
  }

  boolean isEmpty() {
    return heap.isEmpty();
  }

  /** Lanes known, empty ones included. */
  int known() {
    return byKey.size();
  }

  /** The lane with the most urgent head, or null if nothing waits. */
  @Nullable Lane<T> first() {
    return heap.isEmpty() ? null : heap.get(0);
  }

  /** Adds an entry to its lane, or throws and leaves the entry out: what can fail comes first. */
  void add(Entry<T> entry) {
    Lane<T> lane = byKey.get(entry.laneKey());
    if (lane == null) {
      lane = new Lane<>(entry.laneKey(), costs);
      byKey.put(lane.key(), lane);
    }
    heap.ensureCapacity(heap.size() + 1);
    lane.add(entry);
    if (lane.heapIndex < 0) {
      lane.heapIndex = heap.size();
      heap.add(lane);
    }
    siftUp(lane);
  }

  /** Restores the order after entries have left the first lane. */
  void firstChanged() {
    Lane<T> lane = heap.get(0);
    if (!lane.isEmpty()) {
      siftDown(lane);
      return;
    }
    Lane<T> last = heap.removeLast();
    if (last != lane) {
      place(last, 0);
      siftDown(last);
    }
    retire(lane);
  }

  /** Lets {@code edit} remove entries from any lane, then restores the order. */
  void editAll(Consumer<Lane<T>> edit) {
    for (int i = 0; i < heap.size(); i++) {
      edit.accept(heap.get(i));
    }
    int kept = 0;
    for (int i = 0; i < heap.size(); i++) {
      Lane<T> lane = heap.get(i);
      if (lane.isEmpty()) {
        retire(lane);
      } else {
        place(lane, kept++);
      }
    }
    while (heap.size() > kept) {
      heap.removeLast();
    }
    for (int i = kept / 2 - 1; i >= 0; i--) {
      siftDown(heap.get(i));
    }
  }

  /**
   * Takes note of an emptied lane. The array is a clock: a lane entering it pushes out the one that
   * has been there longest, which is forgotten if it is empty and else comes back here the next
   * time it runs empty. So every known lane holds an entry or is in the array.
   */
  private void retire(Lane<T> lane) {
    lane.heapIndex = -1;
    if (lane.mayBeForgotten) {
      return;
    }
    Lane<T> oldest = forgettable[forgetNext];
    if (oldest != null) {
      oldest.mayBeForgotten = false;
      if (oldest.isEmpty()) {
        byKey.remove(oldest.key());
      }
    }
    lane.mayBeForgotten = true;
    forgettable[forgetNext] = lane;
    forgetNext = (forgetNext + 1) % MAX_EMPTY_LANES;
  }

  private void siftUp(Lane<T> lane) {
    int index = lane.heapIndex;
    while (index > 0) {
      Lane<T> parent = heap.get((index - 1) / 2);
      if (!lane.isMoreUrgentThan(parent)) {
        break;
      }
      int parentIndex = parent.heapIndex;
      place(parent, index);
      index = parentIndex;
    }
    place(lane, index);
  }

  private void siftDown(Lane<T> lane) {
    int index = lane.heapIndex;
    while (2 * index + 1 < heap.size()) {
      int child = 2 * index + 1;
      if (child + 1 < heap.size() && heap.get(child + 1).isMoreUrgentThan(heap.get(child))) {
        child++;
      }
      Lane<T> moreUrgent = heap.get(child);
      if (!moreUrgent.isMoreUrgentThan(lane)) {
        break;
      }
      place(moreUrgent, index);
      index = child;
    }
    place(lane, index);
  }

  private void place(Lane<T> lane, int index) {
    heap.set(index, lane);
    lane.heapIndex = index;
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static <T extends Batchable> @Nullable Lane<T>[] newArray(int length) {
    return (Lane<T>[]) new Lane[length];
  }
}
