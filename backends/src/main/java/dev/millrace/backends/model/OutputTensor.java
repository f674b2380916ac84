// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import java.nio.ByteBuffer;
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

  /** Bytes of the whole batch. */
  public int byteLength() {
    return data.limit();
  }
}
