// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.tensor;

import java.nio.ByteBuffer;

/**
 * A tensor's type, shape and the slices of memory where its bytes lie, in order: row-major, dense,
 * little-endian, as on the wire. The memory belongs to somebody else and is valid only as long as
 * its owner says.
 */
public final class TensorView {
  private final DataType dataType;
  private final long[] shape;
  private final ByteBuffer[] slices;
  private final long byteLength;

  /**
   * @param shape concrete dimensions; not to be modified any more
   * @param slices the bytes between each buffer's position and limit; neither is ever moved
   */
  public TensorView(DataType dataType, long[] shape, ByteBuffer... slices) {
    this.dataType = dataType;
    this.shape = shape;
    this.slices = slices;
    long length = 0;
    for (ByteBuffer slice : slices) {
      length += slice.remaining();
    }
    this.byteLength = length;
  }

  public DataType dataType() {
    return dataType;
  }

  /** Concrete dimensions; not to be modified. */
  public long[] shape() {
    return shape;
  }

  public long byteLength() {
    return byteLength;
  }

  /** The bytes, in order; positions and limits are not to be moved. */
  public ByteBuffer[] slices() {
    return slices;
  }

  /** Copies all bytes to {@code target} from index {@code at} on; returns the index after them. */
  public int copyTo(ByteBuffer target, int at) {
    int index = at;
    for (ByteBuffer slice : slices) {
      int length = slice.remaining();
      target.put(index, slice, slice.position(), length);
      index += length;
    }
    return index;
  }

  /** The bytes in one buffer: the only slice itself, or a copy on the heap. */
  public ByteBuffer contiguous() {
    if (slices.length == 1) {
      return slices[0];
    }
    ByteBuffer joined = ByteBuffer.allocate(Math.toIntExact(byteLength));
    copyTo(joined, 0);
    return joined;
  }

  @Override
  public String toString() {
    return dataType + Shapes.format(shape) + " of " + byteLength + " bytes";
  }
}
