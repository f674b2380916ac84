// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.wire;

import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The open calls of a connection by stream number. A client's stream numbers are odd and rise by
 * two, so a ring indexed by half the number finds a call without hashing; it doubles when the call
 * that was sent a ring's length ago is still open.
 */
final class StreamTable {
  private @Nullable Call[] ring = new Call[256];
  private int size;

  int size() {
    return size;
  }

  @Nullable Call get(int streamId) {
    Call call = ring[slot(streamId)];
    return call != null && call.streamId == streamId ? call : null;
  }

  void put(Call call) {
    while (ring[slot(call.streamId)] != null) {
      grow();
    }
    ring[slot(call.streamId)] = call;
    size++;
  }

  void remove(Call call) {
    int slot = slot(call.streamId);
    if (ring[slot] == call) {
      ring[slot] = null;
      size--;
    }
  }

  /** The action may remove the call that it is given. */
  void forEach(Consumer<Call> action) {
    for (Call call : ring.clone()) {
      if (call != null) {
        action.accept(call);
      }
    }
  }

  private int slot(int streamId) {
    return (streamId >>> 1) & (ring.length - 1);
  }

  private void grow() {
    @Nullable Call[] old = ring;
    ring = Arrays.copyOf(new Call[0], old.length * 2);
    for (Call call : old) {
      if (call != null) {
        ring[slot(call.streamId)] = call; // distinct before, so distinct now
      }
    }
  }
}
