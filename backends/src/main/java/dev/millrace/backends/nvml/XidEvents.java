// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.nvml;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts the errors that the driver reports of GPUs by a number, called Xid: a page fault, a memory
 * that failed, a GPU that fell off the bus. One thread at a time.
 */
final class XidEvents {
  private static final Logger log = LoggerFactory.getLogger(XidEvents.class);

  /** The bit of critical errors among kinds of events. */
  private static final long XID_CRITICAL_ERROR = 8;

  /** An event: device, kind, number, and two instances of a divided GPU. */
  private static final int EVENT_BYTES = 32;

  /** At one look; more come at the next. */
  private static final int MOST_EVENTS = 1_000;

  private final NvmlLibrary library;
  private final List<MemorySegment> gpus;
  private final Optional<MemorySegment> set;
  private final boolean[] isWatched;
  private final long[] counts;

  private XidEvents(NvmlLibrary library, List<MemorySegment> gpus, Optional<MemorySegment> set) {
    this.library = library;
    this.gpus = gpus;
    this.set = set;
    this.isWatched = new boolean[gpus.size()];
    this.counts = new long[gpus.size()];
  }

  /** Begins to watch those that can be watched. */
  static XidEvents register(NvmlLibrary library, List<MemorySegment> gpus) {
    XidEvents events = new XidEvents(library, gpus, newSet(library));
    for (int i = 0; i < gpus.size(); i++) {
      MemorySegment gpu = gpus.get(i);
      events.isWatched[i] =
          events.set.isPresent()
              && !gpu.equals(MemorySegment.NULL)
              && library.call("nvmlDeviceRegisterEvents", gpu, XID_CRITICAL_ERROR, events.set.get())
                  == NvmlLibrary.SUCCESS;
    }
    return events;
  }

  private static Optional<MemorySegment> newSet(NvmlLibrary library) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set = arena.allocate(ValueLayout.ADDRESS);
      return library.call("nvmlEventSetCreate", set) == NvmlLibrary.SUCCESS
          ? Optional.of(set.get(ValueLayout.ADDRESS, 0))
          : Optional.empty();
    }
  }

  /** Takes what has come since. Does not wait. */
  void poll() {
    if (set.isEmpty()) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment event = arena.allocate(EVENT_BYTES, Long.BYTES);
      for (int i = 0; i < MOST_EVENTS; i++) {
        if (library.call("nvmlEventSetWait_v2", set.get(), event, 0) != NvmlLibrary.SUCCESS) {
          return;
        }
        note(event.get(ValueLayout.ADDRESS, 0), event.get(ValueLayout.JAVA_LONG, 16));
      }
    }
  }

  private void note(MemorySegment gpu, long xid) {
    int index = gpus.indexOf(gpu);
    if (index >= 0) {
      counts[index]++;
      log.error("gpu:{}: NVIDIA's driver reports the error Xid {}", index, xid);
    }
  }

  /** Of the GPU at that place; empty if it cannot be watched. */
  OptionalLong count(int index) {
    return isWatched[index] ? OptionalLong.of(counts[index]) : OptionalLong.empty();
  }

  void close() {
    set.ifPresent(there -> library.call("nvmlEventSetFree", there));
  }
}
