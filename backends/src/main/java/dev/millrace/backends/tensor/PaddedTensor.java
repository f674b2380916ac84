// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A tensor with one axis longer than in the one that it is made of. */
final class PaddedTensor extends TensorView {
  private final TensorView original;
  private final byte[] element;

  /** Zero above all, which is what most inputs are padded with. */
  private final boolean isOneByteRepeated;

  private final int blockBytes;
  private final int addedBytes;

  PaddedTensor(TensorView original, int axis, long size, byte[] element) {
    super(
        original.dataType(),
        shape(original, axis, size),
        bytes(shape(original, axis, size), element));
    this.original = original;
    this.element = element;
    this.isOneByteRepeated = isOneByteRepeated(element);
    long behind = Shapes.elementsFrom(original.shape(), axis + 1);
    this.blockBytes = Math.toIntExact(original.shape()[axis] * behind * element.length);
    this.addedBytes = Math.toIntExact((size - original.shape()[axis]) * behind * element.length);
  }

  private static long[] shape(TensorView original, int axis, long size) {
    long[] shape = original.shape().clone();
    shape[axis] = size;
    return shape;
  }

  private static long bytes(long[] shape, byte[] element) {
    return Math.multiplyExact(Shapes.elements(shape), element.length);
  }

  @Override
  public int copyTo(ByteBuffer target, int at) {
    int index = at;
    int left = blockBytes; // of the block that is being copied
    for (ByteBuffer slice : original.slices()) {
      int from = slice.position();
      while (from < slice.limit()) {
        int length = Math.min(left, slice.limit() - from);
        target.put(index, slice, from, length);
        from += length;
        index += length;
        left -= length;
        if (left == 0) {
          index = add(target, index);
          left = blockBytes;
        }
      }
    }
    // blocks of nothing are all padding
    for (long end = at + byteLength(); blockBytes == 0 && index < end; ) {
      index = add(target, index);
    }
    return index;
  }

  private int add(ByteBuffer target, int at) {
    MemorySegment added = MemorySegment.ofBuffer(target.slice(at, addedBytes));
    if (isOneByteRepeated) {
      added.fill(element[0]);
    } else {
      repeat(added);
    }
    return at + addedBytes;
  }

  /** Fills with elements: what is there is copied behind itself, twice as much each time. */
  private void repeat(MemorySegment added) {
    MemorySegment.copy(element, 0, added, ValueLayout.JAVA_BYTE, 0, element.length);
    for (long filled = element.length; filled < addedBytes; filled *= 2) {
      MemorySegment.copy(added, 0, added, filled, Math.min(filled, addedBytes - filled));
    }
  }

  private static boolean isOneByteRepeated(byte[] element) {
    for (byte next : element) {
      if (next != element[0]) {
        return false;
      }
    }
    return true;
  }

  @Override
  public ByteBuffer[] slices() {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(byteLength())).order(ByteOrder.LITTLE_ENDIAN);
    copyTo(bytes, 0);
    return new ByteBuffer[] {bytes};
  }
}
