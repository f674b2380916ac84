// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A piece of direct memory that a runner gathers one input in, or has one output written to. It
 * grows by powers of two and is given back at once, not when the collector gets to it. Owned by one
 * thread at a time.
 */
final class Slab implements AutoCloseable {
  /** What ORT aligns its own tensors to: a cache line, and the widest vector register. */
  static final long ALIGNMENT = 64;

  /** Below this, growing would save nothing worth having. */
  private static final long SMALLEST = 1024;

  /** What one oversized request may leave behind; more is given back at the next ordinary one. */
  static final long KEPT = 64L << 20;

  private static final ByteBuffer EMPTY = ByteBuffer.allocateDirect(0);

  private @Nullable NativeMemory taken;
  private ByteBuffer buffer = EMPTY;
  private MemorySegment segment = MemorySegment.NULL;
  private final HostMemory memory;

  /**
   * @param memory as the device wants it that copies from here, or to here
   */
  Slab(HostMemory memory) {
    this.memory = memory;
  }

  /**
   * Whether {@link #fit} would replace the memory: to make room, or to give up what an oversized
   * request had needed. Whatever points there must be closed before.
   */
  boolean wouldMove(long bytes) {
    boolean oversized = buffer.capacity() > KEPT && bytes <= KEPT;
    return bytes > buffer.capacity() || oversized;
  }

  /** Makes room for {@code bytes}, at most {@code Integer.MAX_VALUE}. */
  void fit(long bytes) {
    if (!wouldMove(bytes)) {
      return;
    }
    close();
    long alignment = memory.alignment();
    NativeMemory fresh = NativeMemory.allocate(Math.max(roundedUp(bytes), alignment), alignment);
    taken = fresh;
    segment = fresh.segment();
    memory.pin(segment);
    buffer = segment.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The first {@code bytes} of the memory. */
  ByteBuffer slice(long bytes) {
    return buffer.slice(0, (int) bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  ByteBuffer buffer() {
    return buffer;
  }

  /** All of the memory. */
  MemorySegment segment() {
    return segment;
  }

  private static long roundedUp(long bytes) {
    long power = Long.highestOneBit(Math.max(bytes, SMALLEST) - 1) << 1;
    return Math.min(power, Integer.MAX_VALUE);
  }

  @Override
  public void close() {
    buffer = EMPTY;
    NativeMemory given = taken;
    if (given != null) {
      taken = null;
      boolean isFree = memory.unpin(segment);
      segment = MemorySegment.NULL;
      if (isFree) { // else lost: better than memory of others that a device writes to
        given.close();
      }
    }
  }
}
