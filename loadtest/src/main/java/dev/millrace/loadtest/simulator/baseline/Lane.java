// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.SimRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Waiting requests in order: an array deque that can also be read and inserted into by place. */
final class Lane {
  private @Nullable SimRequest[] ring = new SimRequest[64]; // a power of two
  private int head;
  private int size;

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  SimRequest first() {
    return get(0);
  }

  SimRequest get(int place) {
    Objects.checkIndex(place, size);
    return Objects.requireNonNull(ring[slot(place)]);
  }

  void addLast(SimRequest request) {
    if (size == ring.length) {
      grow();
    }
    ring[slot(size)] = request;
    size++;
  }

  /** Behind all with the same or an earlier deadline; cheap where deadlines arrive in order. */
  void addByDeadline(SimRequest request) {
    addLast(request);
    int place = size - 1;
    while (place > 0 && get(place - 1).deadlineNanos() > request.deadlineNanos()) {
      ring[slot(place)] = ring[slot(place - 1)];
      place--;
    }
    ring[slot(place)] = request;
  }

  SimRequest removeFirst() {
    SimRequest first = first();
    ring[head] = null;
    head = slot(1);
    size--;
    return first;
  }

  List<SimRequest> take(int count) {
    List<SimRequest> taken = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      taken.add(removeFirst());
    }
    return taken;
  }

  /**
   * How many requests from the first on have its shape and at most so many rows together; at least
   * 1 where any waits, however large.
   */
  int prefix(int maxRows) {
    int rows = 0;
    for (int i = 0; i < size; i++) {
      SimRequest request = get(i);
      rows += request.rows();
      if (i > 0 && (rows > maxRows || request.shape() != first().shape())) {
        return i;
      }
    }
    return size;
  }

  /** Rows of the first so many requests. */
  int rows(int count) {
    int rows = 0;
    for (int i = 0; i < count; i++) {
      rows += get(i).rows();
    }
    return rows;
  }

  private int slot(int place) {
    return (head + place) & (ring.length - 1);
  }

  private void grow() {
    @Nullable SimRequest[] grown = Arrays.copyOf(ring, 2 * ring.length);
    System.arraycopy(ring, 0, grown, ring.length, head);
    Arrays.fill(grown, 0, head, null);
    ring = grown;
  }
}
