// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * Values for trying a model out. Several kinds are needed, since every kind hides something: large
 * values saturate a sigmoid, small ones never pass a threshold, and a batch of rows of one size
 * does not show that all were scaled by the largest.
 *
 * @param scales the size of floats, by row in turn
 * @param zeros the share of floats that are exactly 0
 * @param uniform whether floats lie in [0, scale) instead of being normally distributed
 * @param low the smallest integer
 * @param high the integer after the largest
 * @param aloneToo whether rows are compared with runs of their own too; if not, only with runs of
 *     as many rows, which rounding in the model cannot tell apart
 */
@SuppressWarnings("ArrayRecordComponent") // a few constants, never compared
record TrialValues(
    double[] scales, double zeros, boolean uniform, long low, long high, boolean aloneToo) {

  private static final String[] WORDS = {
    "a", "b", "yes", "no", "0", "1", "red", "Paris", "the quick fox", "", "é", "42", "3.5"
  };

  static final TrialValues NORMAL = new TrialValues(new double[] {1}, 0, false, 0, 2, true);
  static final TrialValues MIXED =
      new TrialValues(new double[] {0.1, 10, 1, 0.01, 3}, 0, false, 0, 8, false);
  static final TrialValues UNIFORM = new TrialValues(new double[] {1}, 0, true, 0, 4, true);
  static final TrialValues LARGE = new TrialValues(new double[] {100}, 0, false, 0, 100, false);
  static final TrialValues SPARSE = new TrialValues(new double[] {3}, 0.7, false, 0, 20, true);
  static final TrialValues EXTREME =
      new TrialValues(new double[] {1, 10_000, 0.001, 100, 1000}, 0.1, false, 0, 1000, false);
  static final TrialValues NEGATIVE =
      new TrialValues(new double[] {10_000, 1, 300}, 0, false, -5, 6, false);

  /** The bytes of {@code elements} values of row number {@code row}, as on the wire. */
  byte[] row(DataType type, long elements, int row, Random random) {
    int count = Math.toIntExact(elements);
    if (type == DataType.BYTES) {
      return words(count, random);
    }
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(count, type.byteSize()))
            .order(ByteOrder.LITTLE_ENDIAN);
    double scale = scales[row % scales.length];
    for (int i = 0; i < count; i++) {
      put(bytes, type, scale, random);
    }
    return bytes.array();
  }

  private void put(ByteBuffer bytes, DataType type, double scale, Random random) {
    switch (type) {
      case BOOL -> bytes.put((byte) (random.nextBoolean() ? 1 : 0));
      case UINT8 -> bytes.put((byte) integer(0, 256, random));
      case INT8 -> bytes.put((byte) integer(-128, 128, random));
      case UINT16 -> bytes.putShort((short) integer(0, 1 << 16, random));
      case INT16 -> bytes.putShort((short) integer(Short.MIN_VALUE, 1 << 15, random));
      case UINT32 -> bytes.putInt((int) integer(0, 1L << 32, random));
      case INT32 -> bytes.putInt((int) integer(low, high, random));
      case UINT64 -> bytes.putLong(integer(0, high, random));
      case INT64 -> bytes.putLong(integer(low, high, random));
      case FP16 -> bytes.putShort(Float.floatToFloat16((float) real(scale, random)));
      case BF16 ->
          bytes.putShort((short) (Float.floatToIntBits((float) real(scale, random)) >>> 16));
      case FP32 -> bytes.putFloat((float) real(scale, random));
      case FP64 -> bytes.putDouble(real(scale, random));
      case BYTES -> throw new IllegalArgumentException("BYTES"); // made by words()
    }
  }

  private double real(double scale, Random random) {
    if (random.nextDouble() < zeros) {
      return 0;
    }
    return scale * (uniform ? random.nextDouble() : random.nextGaussian());
  }

  private long integer(long least, long afterLargest, Random random) {
    return random.nextLong(Math.max(low, least), Math.min(high, afterLargest));
  }

  private static byte[] words(int count, Random random) {
    byte[][] words = new byte[count][];
    int length = 0;
    for (int i = 0; i < count; i++) {
      words[i] = WORDS[random.nextInt(WORDS.length)].getBytes(StandardCharsets.UTF_8);
      length += 4 + words[i].length;
    }
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    for (byte[] word : words) {
      bytes.putInt(word.length).put(word);
    }
    return bytes.array();
  }
}
