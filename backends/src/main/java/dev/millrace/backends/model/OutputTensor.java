// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One output of a run, all rows of the batch: wire-format bytes (row-major, little-endian; BYTES
 * with length prefixes) in memory of the runner, valid until its next run.
 */
public final class OutputTensor {
  private final DataType dataType;
  private final long[] shape;
  private final ByteBuffer data;
  private final int @Nullable [] elementOffsets;

  /**
   * @param shape as the engine produced it; not to be modified any more
   * @param data all bytes, from index 0 to its limit
   */
  public OutputTensor(DataType dataType, long[] shape, ByteBuffer data) {
    this(dataType, shape, data, null);
  }

  /**
   * @param elementOffsets for BYTES: where each element's length prefix begins, and last the end
   */
  public OutputTensor(
      DataType dataType, long[] shape, ByteBuffer data, int @Nullable [] elementOffsets) {
    this.dataType = dataType;
    this.shape = shape;
    this.data = data;
    this.elementOffsets = elementOffsets;
  }

  public DataType dataType() {
    return dataType;
  }

  /** The shape of the whole batch; not to be modified. */
  public long[] shape() {
    return shape;
  }

  /** All bytes of the batch; position and limit are not to be moved. */
  public ByteBuffer data() {
    return data;
  }

  /** Index in {@link #data} of the first byte of row {@code row} (or the end, for the last + 1). */
  public int rowOffset(int row) {
    long elementsPerRow = Shapes.elementsFrom(shape, 1);
    int element = Math.toIntExact(row * elementsPerRow);
    return elementOffsets != null
        ? elementOffsets[element]
        : Math.multiplyExact(element, dataType.byteSize());
  }

  /** Some rows of the batch, over the same memory. */
  OutputTensor rows(int from, int count) {
    long[] some = shape.clone();
    some[0] = count;
    if (elementOffsets == null) {
      int begin = rowOffset(from);
      ByteBuffer bytes = data.slice(begin, rowOffset(from + count) - begin).order(data.order());
      return new OutputTensor(dataType, some, bytes);
    }
    long elementsPerRow = Shapes.elementsFrom(shape, 1);
    int first = Math.toIntExact(from * elementsPerRow);
    int[] offsets =
        Arrays.copyOfRange(
            elementOffsets, first, first + Math.toIntExact(count * elementsPerRow) + 1);
    int begin = offsets[0];
    ByteBuffer bytes = data.slice(begin, offsets[offsets.length - 1] - begin).order(data.order());
    Arrays.setAll(offsets, i -> offsets[i] - begin);
    return new OutputTensor(dataType, some, bytes, offsets);
  }

  /** Bytes of the whole batch. */
  public int byteLength() {
    return data.limit();
  }
}
