// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.CostModel;
import dev.millrace.batching.cost.Curve;
import dev.millrace.batching.policy.LaneView;
import java.util.Arrays;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The waiting entries of one shape, most urgent first; equals in order of arrival. Owned by the
 * leader.
 *
 * <p>The entries are {@code entries[head..tail)} of an array that is used like a sliding window.
 * Requests of one service objective arrive in their final order, so adding is an append; an entry
 * more urgent than others finds its place by bisection, and the shorter side moves by one.
 */
final class Lane<T extends Batchable> implements LaneView {
  private static final int INITIAL_CAPACITY = 16;

  /** An empty lane gives a larger array back: one burst must not be paid for ever after. */
  private static final int IDLE_CAPACITY = 1024;

  private final Object key;
  private final CostModel costs;
  private @Nullable Entry<T>[] entries = newArray(INITIAL_CAPACITY);
  private int head;
  private int tail;
  private int rows;
  private long objectiveNanos = Long.MAX_VALUE;
  private boolean byPriority;
  private boolean alone;

  /** Where {@link Lanes} keeps this lane in its order of urgency; -1 while the lane is empty. */
  int heapIndex = -1;

  /** Whether {@link Lanes} has this lane among those that may be forgotten while empty. */
  boolean mayBeForgotten;

  Lane(Object key, CostModel costs) {
    this.key = key;
    this.costs = costs;
  }

  Object key() {
    return key;
  }

  boolean isEmpty() {
    return head == tail;
  }

  @Override
  public int items() {
    return tail - head;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public long arrivalNanos(int index) {
    return at(head + index).arrivalNanos();
  }

  @Override
  public long deadlineNanos(int index) {
    return at(head + index).deadlineNanos();
  }

  @Override
  public int rows(int index) {
    return at(head + index).weight();
  }

  @Override
  public boolean runsAlone() {
    return Lanes.ALONE.equals(key);
  }

  @Override
  public Curve cost() {
    int bucket = head().bucket();
    return alone ? costs.alone(bucket) : costs.curve(bucket);
  }

  /** Whether {@link #cost} is of a batch that has its device for itself. */
  void costsAlone(boolean runsAlone) {
    alone = runsAlone;
  }

  @Override
  public long objectiveNanos() {
    return objectiveNanos;
  }

  @Override
  public boolean isByPriority() {
    return byPriority;
  }

  /** The most urgent entry; the lane must not be empty. */
  Entry<T> head() {
    return at(head);
  }

  boolean isMoreUrgentThan(Lane<T> other) {
    Entry<T> mine = head();
    Entry<T> theirs = other.head();
    return mine.urgency() != theirs.urgency()
        ? mine.urgency() < theirs.urgency()
        : mine.sequence() < theirs.sequence();
  }

  void add(Entry<T> entry) {
    if (tail == entries.length) {
      makeRoom();
    }
    int place = placeOf(entry.urgency());
    if (head > 0 && place - head < tail - place) {
      System.arraycopy(entries, head, entries, head - 1, place - head);
      head--;
      place--;
    } else {
      System.arraycopy(entries, place, entries, place + 1, tail - place);
      tail++;
    }
    entries[place] = entry;
    rows += entry.weight();
    byPriority |= Ticket.priority(entry.ticket()) > 0;
    follow(entry);
  }

  /**
   * Follows the shorter objectives quickly and the longer ones slowly: about one in ten is less.
   */
  private void follow(Entry<T> entry) {
    if (entry.deadlineNanos() == Long.MAX_VALUE) {
      return;
    }
    long objective = entry.deadlineNanos() - entry.arrivalNanos();
    if (objectiveNanos == Long.MAX_VALUE) {
      objectiveNanos = objective;
    } else {
      long apart = objective - objectiveNanos;
      objectiveNanos += apart < 0 ? apart / 8 : apart / 256;
    }
  }

  Entry<T> removeHead() {
    Entry<T> entry = head();
    entries[head++] = null;
    rows -= entry.weight();
    rewindIfEmpty();
    return entry;
  }

  /** Removes the entries that {@code remove} says yes to, and asks it once about each. */
  void removeIf(Predicate<Entry<T>> remove) {
    int kept = head;
    for (int i = head; i < tail; i++) {
      Entry<T> entry = at(i);
      int weight = entry.weight();
      if (remove.test(entry)) {
        rows -= weight;
      } else {
        entries[kept++] = entry;
      }
    }
    Arrays.fill(entries, kept, tail, null);
    tail = kept;
    rewindIfEmpty();
  }

  /** The index after all entries that are as urgent or more. */
  private int placeOf(long urgency) {
    int low = head;
    int high = tail;
    if (low == high || at(high - 1).urgency() <= urgency) {
      return high;
    }
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (at(middle).urgency() <= urgency) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Moves the entries to the front if that frees half of the array, else doubles it. */
  private void makeRoom() {
    int size = items();
    if (size <= entries.length / 2) {
      System.arraycopy(entries, head, entries, 0, size);
      Arrays.fill(entries, size, tail, null);
    } else {
      @Nullable Entry<T>[] larger = newArray(entries.length * 2);
      System.arraycopy(entries, head, larger, 0, size);
      entries = larger;
    }
    head = 0;
    tail = size;
  }

  private void rewindIfEmpty() {
    if (head != tail) {
      return;
    }
    head = 0;
    tail = 0;
    byPriority = false;
    if (entries.length > IDLE_CAPACITY) {
      entries = newArray(INITIAL_CAPACITY);
    }
  }

  @SuppressWarnings("NullAway") // every index in head..tail holds an entry
  private Entry<T> at(int index) {
    return entries[index];
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static <T extends Batchable> @Nullable Entry<T>[] newArray(int length) {
    return (Entry<T>[]) new Entry[length];
  }
}
