// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.shadow;

import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;

/**
 * Compares the elements of two tensors of the same type and shape. One thread, one comparison.
 *
 * <p>The difference of booleans and of strings that are not equal is 1, and that of integers is as
 * near as a double comes to it.
 */
final class ElementComparison {
  /** Two steps of the type between neighbours at 1: what rounding twice can do. */
  private static final double TWO_STEPS_FP16 = 0x1p-9;

  private static final double TWO_STEPS_BF16 = 0x1p-6;

  private final DataType type;
  private final Tolerance tolerance;
  private double largest;
  private boolean same = true;

  ElementComparison(DataType type, Tolerance tolerance) {
    this.type = type;
    this.tolerance =
        switch (type) {
          case FP16 -> tolerance.orRelative(TWO_STEPS_FP16);
          case BF16 -> tolerance.orRelative(TWO_STEPS_BF16);
          case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP32, FP64, BYTES ->
              tolerance;
        };
  }

  /** Whether all elements are; both little-endian, from index 0 to their limits. */
  boolean areSame(ByteBuffer expected, ByteBuffer given) {
    if (expected.mismatch(given) < 0) {
      return true;
    }
    if (type == DataType.BYTES || expected.limit() != given.limit()) {
      different(1);
      return false;
    }
    for (int at = 0; at < expected.limit(); at += type.byteSize()) {
      compare(expected, given, at);
    }
    return same;
  }

  /** Between two elements, within the tolerance or not; 0 if there is none. */
  double largestDifference() {
    return largest;
  }

  private void compare(ByteBuffer expected, ByteBuffer given, int at) {
    switch (type) {
      case BOOL -> exactly(expected.get(at) != 0 ? 1 : 0, given.get(at) != 0 ? 1 : 0);
      case INT8 -> exactly(expected.get(at), given.get(at));
      case UINT8 -> exactly(expected.get(at) & 0xff, given.get(at) & 0xff);
      case INT16 -> exactly(expected.getShort(at), given.getShort(at));
      case UINT16 -> exactly(expected.getShort(at) & 0xffff, given.getShort(at) & 0xffff);
      case INT32 -> exactly(expected.getInt(at), given.getInt(at));
      case UINT32 ->
          exactly(
              Integer.toUnsignedLong(expected.getInt(at)),
              Integer.toUnsignedLong(given.getInt(at)));
      case INT64 -> exactly(expected.getLong(at), given.getLong(at));
      case UINT64 -> unsigned(expected.getLong(at), given.getLong(at));
      case FP16 ->
          nearly(
              Float.float16ToFloat(expected.getShort(at)),
              Float.float16ToFloat(given.getShort(at)));
      case BF16 -> nearly(bf16(expected.getShort(at)), bf16(given.getShort(at)));
      case FP32 -> nearly(expected.getFloat(at), given.getFloat(at));
      case FP64 -> nearly(expected.getDouble(at), given.getDouble(at));
      case BYTES -> throw new IllegalStateException("strings have no place of their own");
    }
  }

  private static float bf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  private void exactly(long expected, long given) {
    if (expected != given) {
      different(Math.abs((double) expected - (double) given));
    }
  }

  private void unsigned(long expected, long given) {
    if (expected != given) {
      long lower = Long.compareUnsigned(expected, given) < 0 ? expected : given;
      long distance = (expected ^ given ^ lower) - lower;
      different(distance >= 0 ? (double) distance : (double) (distance >>> 1) * 2);
    }
  }

  private void different(double difference) {
    same = false;
    // two longs may be closer than doubles can tell
    largest = Math.max(largest, Math.max(difference, Double.MIN_NORMAL));
  }

  private void nearly(double expected, double given) {
    double difference = Tolerance.difference(expected, given);
    largest = Math.max(largest, difference);
    same &= tolerance.covers(expected, given, difference);
  }
}
