// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.warmup;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** Elements that nobody has recorded. */
final class MadeUp {

  /** Of one tensor. */
  static final long MOST_BYTES = 64 << 20;

  /** Of a byte string: its length, and of a random one a letter. */
  private static final int LENGTH_BYTES = 4;

  /** Any: each load of a model is to be like the one before. */
  private static final long SEED = 1;

  private MadeUp() {}

  /** Zeros; empty strings, which are four zero bytes each. */
  static ByteBuffer zeros(DataType type, long[] shape) throws InferException {
    return allocate(shape, type.isFixedSize() ? type.byteSize() : LENGTH_BYTES);
  }

  /** From 0 to 1, integers too: what is an index or a token is likely to be there. */
  static ByteBuffer random(DataType type, long[] shape) throws InferException {
    ByteBuffer raw = allocate(shape, type.isFixedSize() ? type.byteSize() : LENGTH_BYTES + 1);
    Random random = new Random(SEED);
    while (raw.hasRemaining()) {
      put(raw, type, random);
    }
    return raw.flip();
  }

  private static void put(ByteBuffer raw, DataType type, Random random) {
    switch (type) {
      case BOOL, UINT8, INT8 -> raw.put((byte) random.nextInt(2));
      case UINT16, INT16 -> raw.putShort((short) random.nextInt(2));
      case UINT32, INT32 -> raw.putInt(random.nextInt(2));
      case UINT64, INT64 -> raw.putLong(random.nextInt(2));
      case FP16 -> raw.putShort(Float.floatToFloat16(random.nextFloat()));
      case BF16 -> raw.putShort((short) (Float.floatToIntBits(random.nextFloat()) >>> 16));
      case FP32 -> raw.putFloat(random.nextFloat());
      case FP64 -> raw.putDouble(random.nextDouble());
      case BYTES -> raw.putInt(1).put((byte) ('a' + random.nextInt(26)));
    }
  }

  private static ByteBuffer allocate(long[] shape, int elementBytes) throws InferException {
    long bytes;
    try {
      bytes = Math.multiplyExact(Shapes.elements(shape), elementBytes);
    } catch (ArithmeticException e) {
      bytes = Long.MAX_VALUE;
    }
    if (bytes < 0 || bytes > MOST_BYTES) {
      throw InferException.invalid(
          "shape %s (expected at most %d bytes)".formatted(Shapes.format(shape), MOST_BYTES));
    }
    return ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
