// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.tensor;

import java.nio.ByteBuffer;

/**
 * A tensor's type, shape and the slices of memory where its bytes lie, in order: row-major, dense,
 * little-endian, as on the wire. The memory belongs to somebody else and is valid only as long as
 * its owner says.
 */
public sealed class TensorView permits PaddedTensor {
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

  /** One whose bytes are made from others when they are asked for. */
  TensorView(DataType dataType, long[] shape, long byteLength) {
    this.dataType = dataType;
    this.shape = shape;
    this.slices = new ByteBuffer[0];
    this.byteLength = byteLength;
  }

  /**
   * The same with one axis made longer, behind what is there; nothing is copied before {@link
   * #copyTo}.
   *
   * @param size of that axis, at least what it is
   * @param element the bytes of each element that is added
   */
  public TensorView padded(int axis, long size, byte[] element) {
    return shape[axis] == size ? this : new PaddedTensor(this, axis, size, element);
  }

  public final DataType dataType() {
    return dataType;
  }

  /** Concrete dimensions; not to be modified. */
  public final long[] shape() {
    return shape;
  }

  public final long byteLength() {
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
  public final ByteBuffer contiguous() {
    ByteBuffer[] parts = slices();
    if (parts.length == 1) {
      return parts[0];
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
