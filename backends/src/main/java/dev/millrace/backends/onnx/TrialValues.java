// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;

/**
 * Values for trying a model out. Several kinds are needed, since every kind hides something: large
 * values saturate a sigmoid, small ones never pass a threshold, and a batch of rows of one size
 * does not show that all were scaled by the largest.
 *
 * @param scales the size of floats, by row in turn
 * @param source where floats come from
 * @param low the smallest integer
 * @param high the integer after the largest
 * @param aloneToo whether rows are compared with runs of their own too; if not, only with runs of
 *     as many rows, which rounding in the model cannot tell apart
 */
@SuppressWarnings("ArrayRecordComponent") // a few constants, never compared
record TrialValues(double[] scales, Source source, long low, long high, boolean aloneToo) {

  enum Source {
    NORMAL,
    /** Between 0 and the scale, as pixels and shares are. */
    UNIFORM,
    /** Mostly exactly 0, as one-hot features are. */
    SPARSE,
    /** Now and then NaN or infinite. */
    SPECIAL,
    /** Around the numbers that the graph itself holds, integers too. */
    CONSTANTS
  }

  private static final String[] WORDS = {
    "a", "b", "yes", "no", "0", "1", "red", "Paris", "the quick fox", "", "é", "42", "3.5"
  };

  private static final double[] SPECIALS = {
    Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY
  };

  static final TrialValues NORMAL = new TrialValues(new double[] {1}, Source.NORMAL, 0, 2, true);
  static final TrialValues MIXED =
      new TrialValues(new double[] {0.1, 10, 1, 0.01, 3}, Source.NORMAL, 0, 8, false);
  static final TrialValues CONSTANTS =
      new TrialValues(new double[] {1}, Source.CONSTANTS, 0, 4, false);
  static final TrialValues UNIFORM = new TrialValues(new double[] {1}, Source.UNIFORM, 0, 4, true);
  static final TrialValues LARGE =
      new TrialValues(new double[] {100}, Source.NORMAL, 0, 100, false);
  static final TrialValues SPARSE = new TrialValues(new double[] {3}, Source.SPARSE, 0, 20, true);
  static final TrialValues EXTREME =
      new TrialValues(new double[] {1, 10_000, 0.001, 100, 1000}, Source.NORMAL, 0, 1000, false);
  static final TrialValues NEGATIVE =
      new TrialValues(new double[] {10_000, 1, 300}, Source.SPARSE, -5, 6, false);
  static final TrialValues SPECIAL =
      new TrialValues(new double[] {1}, Source.SPECIAL, 0, 50_000, false);

  /**
   * The bytes of {@code elements} values of row number {@code row}, as on the wire.
   *
   * <p>Odd values (special ones, those of the graph, its words) come in two rows of three: many in
   * one, at least one in the other, and none in the third, which is to show whether it minds.
   */
  byte[] row(DataType type, long elements, int row, Random random, GraphHints hints) {
    int count = Math.toIntExact(elements);
    if (type == DataType.BYTES) {
      // rows without the graph's words, but for one kind: there are models that know no others
      boolean plain = row % 3 == 0 && source != Source.UNIFORM;
      return words(count, random, plain ? List.of() : List.copyOf(hints.words()));
    }
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(count, type.byteSize()))
            .order(ByteOrder.LITTLE_ENDIAN);
    double scale = scales[row % scales.length];
    List<Double> constants = source == Source.CONSTANTS ? List.copyOf(hints.numbers()) : List.of();
    int surelyOdd = count == 0 || row % 3 == 0 ? -1 : random.nextInt(count);
    for (int i = 0; i < count; i++) {
      boolean odd = i == surelyOdd || (row % 3 == 1 && random.nextBoolean());
      put(bytes, type, scale, random, constants, odd);
    }
    return bytes.array();
  }

  private void put(
      ByteBuffer bytes,
      DataType type,
      double scale,
      Random random,
      List<Double> constants,
      boolean odd) {
    switch (type) {
      case BOOL -> bytes.put((byte) (random.nextBoolean() ? 1 : 0));
      case UINT8 -> bytes.put((byte) integer(0, 256, random, constants, odd));
      case INT8 -> bytes.put((byte) integer(-128, 128, random, constants, odd));
      case UINT16 -> bytes.putShort((short) integer(0, 1 << 16, random, constants, odd));
      case INT16 ->
          bytes.putShort((short) integer(Short.MIN_VALUE, 1 << 15, random, constants, odd));
      case UINT32 -> bytes.putInt((int) integer(0, 1L << 32, random, constants, odd));
      case INT32 -> bytes.putInt((int) integer(low, high, random, constants, odd));
      case UINT64 -> bytes.putLong(integer(0, high, random, constants, odd));
      case INT64 -> bytes.putLong(integer(low, high, random, constants, odd));
      case FP16 ->
          bytes.putShort(Float.floatToFloat16((float) real(scale, random, constants, odd)));
      case BF16 ->
          bytes.putShort(
              (short) (Float.floatToIntBits((float) real(scale, random, constants, odd)) >>> 16));
      case FP32 -> bytes.putFloat((float) real(scale, random, constants, odd));
      case FP64 -> bytes.putDouble(real(scale, random, constants, odd));
      case BYTES -> throw new IllegalArgumentException("BYTES"); // made by words()
    }
  }

  private double real(double scale, Random random, List<Double> constants, boolean odd) {
    double normal = scale * random.nextGaussian();
    return switch (source) {
      case NORMAL -> normal;
      case UNIFORM -> scale * random.nextDouble();
      case SPARSE -> random.nextInt(10) < 7 ? 0 : normal;
      case SPECIAL -> odd ? SPECIALS[random.nextInt(SPECIALS.length)] : normal;
      case CONSTANTS -> odd && !constants.isEmpty() ? near(constants, random) : normal;
    };
  }

  /** A number of the graph, or one on either side of it. */
  private static double near(List<Double> constants, Random random) {
    double constant = constants.get(random.nextInt(constants.size()));
    double step = Math.max(1, Math.abs(constant)) * 0.5;
    return switch (random.nextInt(3)) {
      case 0 -> constant;
      case 1 -> constant + step;
      default -> constant - step;
    };
  }

  private long integer(
      long least, long afterLargest, Random random, List<Double> constants, boolean odd) {
    long any = random.nextLong(Math.max(low, least), Math.min(high, afterLargest));
    if (!odd || constants.isEmpty()) {
      return any;
    }
    long near = constants.get(random.nextInt(constants.size())).longValue() + random.nextInt(3) - 1;
    return near >= least && near < afterLargest ? near : any;
  }

  private static byte[] words(int count, Random random, List<String> hints) {
    byte[][] words = new byte[count][];
    int length = 0;
    for (int i = 0; i < count; i++) {
      words[i] = word(random, hints).getBytes(StandardCharsets.UTF_8);
      length += 4 + words[i].length;
    }
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    for (byte[] word : words) {
      bytes.putInt(word.length).put(word);
    }
    return bytes.array();
  }

  private static String word(Random random, List<String> hints) {
    if (hints.isEmpty() || random.nextBoolean()) {
      return WORDS[random.nextInt(WORDS.length)];
    }
    String word = hints.get(random.nextInt(hints.size()));
    return random.nextInt(4) == 0 ? word + " " + hints.get(random.nextInt(hints.size())) : word;
  }
}
