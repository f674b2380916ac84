// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a message, in several slices as a transport left them. Offsets are counted over the
 * whole message. Used again for message after message, by one thread.
 */
final class MessageSlices {
  private static final ByteBuffer[] NO_BYTES = {ByteBuffer.allocate(0)};

  /** Beyond this many slices the arrays are given back after the message: 1 MiB in DATA frames. */
  private static final int SLICES_KEPT = 64;

  private @Nullable ByteBuffer[] slices = new @Nullable ByteBuffer[4];

  /** {@code ends[i]}: offset after the last byte of slice i. */
  private int[] ends = new int[4];

  private int sliceCount;

  /** The slice found last: mostly the next one is the same, or the one after it. */
  private int sliceIndex;

  /** Appends a slice: the bytes between its position and limit. The buffer object becomes ours. */
  void add(ByteBuffer bytes) {
    if (!bytes.hasRemaining()) {
      return;
    }
    if (sliceCount == ends.length) {
      slices = Arrays.copyOf(slices, sliceCount * 2);
      ends = Arrays.copyOf(ends, sliceCount * 2);
    }
    slices[sliceCount] = bytes;
    ends[sliceCount] = Math.addExact(length(), bytes.remaining());
    sliceCount++;
  }

  /** Bytes of all slices. */
  int length() {
    return sliceCount == 0 ? 0 : ends[sliceCount - 1];
  }

  /** Forgets the message; views made of it stay as they are. */
  void clear() {
    if (sliceCount > SLICES_KEPT) {
      slices = new @Nullable ByteBuffer[4];
      ends = new int[4];
    } else {
      Arrays.fill(slices, 0, sliceCount, null);
    }
    sliceCount = 0;
    sliceIndex = 0;
  }

  /** The bytes from an offset on, as they lie: one view, or one for each slice they touch. */
  ByteBuffer[] view(int offset, int length) {
    if (length == 0) {
      return NO_BYTES;
    }
    int end = offset + length;
    int first = sliceAt(offset);
    int last = first;
    while (ends[last] < end) {
      last++;
    }
    ByteBuffer[] views = new ByteBuffer[last - first + 1];
    int from = offset;
    for (int i = first; i <= last; i++) {
      int to = Math.min(ends[i], end);
      ByteBuffer source = slice(i);
      views[i - first] =
          source.slice(indexIn(i, source, from), to - from).order(ByteOrder.LITTLE_ENDIAN);
      from = to;
    }
    return views;
  }

  /** Appends bytes from an offset on to {@code target}. They must be there. */
  void copy(int offset, int length, ByteBuffer target) {
    int end = offset + length;
    int from = offset;
    for (int i = sliceAt(offset); from < end; i++) {
      ByteBuffer source = slice(i);
      int count = Math.min(ends[i], end) - from;
      target.put(target.position(), source, indexIn(i, source, from), count);
      target.position(target.position() + count);
      from += count;
    }
  }

  /** Index in slice number {@code index} of an offset of the message. */
  private int indexIn(int index, ByteBuffer slice, int offset) {
    return offset - startOf(index) + slice.position();
  }

  /** Index of the slice that holds an offset; the last one for the end of the message. */
  private int sliceAt(int offset) {
    int index = sliceIndex;
    if (offset < startOf(index)) {
      index = 0;
    }
    while (index < sliceCount - 1 && offset >= ends[index]) {
      index++;
    }
    sliceIndex = index;
    return index;
  }

  private int startOf(int index) {
    return index == 0 ? 0 : ends[index - 1];
  }

  private ByteBuffer slice(int index) {
    ByteBuffer found = slices[index];
    if (found == null) {
      throw new IllegalStateException("no slice " + index + " of " + sliceCount);
    }
    return found;
  }
}
