// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** One output of a trial run, kept to be compared with others. */
final class Answer {
  private final DataType type;
  private final long[] shape;
  private final ByteBuffer data;
  private final OutputTensor rowIndex;
  private final Rounding rounding;
  private double largest = -1;

  /** How many digits two runs of the same rows have in common. */
  enum Rounding {
    /** The processor's: all of the type's but the last few. */
    FINE,
    /**
     * A GPU's: products have 10 bits of fraction there (TF32), and are summed up in another order
     * for another number of rows.
     */
    COARSE
  }

  Answer(OutputTensor output, Rounding rounding) {
    this.rounding = rounding;
    this.type = output.dataType();
    this.shape = output.shape().clone();
    int length = output.byteLength();
    byte[] copy = new byte[length];
    output.data().get(0, copy);
    this.data = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
    this.rowIndex = output; // its shape and offsets: the data is gone with the next run
  }

  /** The same as a tensor. */
  OutputTensor tensor() {
    return new OutputTensor(type, shape, data);
  }

  long[] shape() {
    return shape;
  }

  boolean hasRows(int rows) {
    return shape.length > 0 && shape[0] == rows;
  }

  /**
   * Whether a row of this equals a row of another answer, as far as rounding allows.
   *
   * @return how they differ, or nothing
   */
  Optional<String> differenceTo(Answer other, int row, int otherRow) {
    if (shape.length != other.shape.length
        || !Arrays.equals(shape, 1, shape.length, other.shape, 1, shape.length)) {
      return Optional.of(
          "its shape is %s in one batch and %s in another"
              .formatted(Shapes.format(shape), Shapes.format(other.shape)));
    }
    int start = rowIndex.rowOffset(row);
    int otherStart = other.rowIndex.rowOffset(otherRow);
    ByteBuffer mine = data.slice(start, rowIndex.rowOffset(row + 1) - start);
    ByteBuffer others =
        other.data.slice(otherStart, other.rowIndex.rowOffset(otherRow + 1) - otherStart);
    if (mine.equals(others)) {
      return Optional.empty();
    }
    return valueThatDiffers(mine, others, other).map(values -> "values differ" + values);
  }

  /** How this differs from another answer as a whole; empty if it does not. */
  Optional<String> differenceTo(Answer other) {
    if (!Arrays.equals(shape, other.shape)) {
      return Optional.of(
          "shape %s, not %s".formatted(Shapes.format(other.shape), Shapes.format(shape)));
    }
    ByteBuffer mine = data.slice(0, data.capacity());
    ByteBuffer others = other.data.slice(0, other.data.capacity());
    return mine.equals(others)
        ? Optional.empty()
        : valueThatDiffers(mine, others, other).map(values -> "values differ" + values);
  }

  /** Two values, if they are known, that differ by more than rounding. */
  private Optional<String> valueThatDiffers(ByteBuffer mine, ByteBuffer others, Answer other) {
    double tolerance = tolerance();
    if (tolerance == 0) {
      return Optional.of("");
    }
    double allowed = tolerance * Math.max(largest(), other.largest());
    for (int i = 0; i < mine.capacity(); i += type.byteSize()) {
      double a = real(mine.order(ByteOrder.LITTLE_ENDIAN), i);
      double b = real(others.order(ByteOrder.LITTLE_ENDIAN), i);
      boolean same = Double.compare(a, b) == 0 || a == b || Math.abs(a - b) <= allowed;
      if (!same) {
        return Optional.of(" (%s in one batch, %s in another)".formatted((float) a, (float) b));
      }
    }
    return Optional.empty();
  }

  /** How much two values may differ, as a share of the tensor's largest; 0 for not at all. */
  private double tolerance() {
    return switch (type) {
      case FP64 -> 1e-6;
      case FP32 -> rounding == Rounding.COARSE ? 1e-2 : 1e-4;
      case FP16 -> rounding == Rounding.COARSE ? 3e-2 : 1e-2;
      case BF16 -> 5e-2;
      case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, BYTES -> 0;
    };
  }

  private double largest() {
    if (largest < 0) {
      largest = 0;
      for (int i = 0; i < data.capacity(); i += type.byteSize()) {
        double value = Math.abs(real(data, i));
        if (Double.isFinite(value) && value > largest) {
          largest = value;
        }
      }
    }
    return largest;
  }

  private double real(ByteBuffer bytes, int index) {
    return switch (type) {
      case FP64 -> bytes.getDouble(index);
      case FP32 -> bytes.getFloat(index);
      case FP16 -> Float.float16ToFloat(bytes.getShort(index));
      case BF16 -> Float.intBitsToFloat(bytes.getShort(index) << 16);
      case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, BYTES ->
          throw new IllegalStateException(type + " is compared exactly");
    };
  }
}
