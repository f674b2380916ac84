// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.DataType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Single elements of tensors, as on the wire. */
public final class Elements {
  private Elements() {}

  /** Whether a number can be an element of that type; of floats, as nearly as they can. */
  public static boolean fits(DataType type, BigDecimal value) {
    return switch (type) {
      case FP16, BF16, FP32, FP64 -> true;
      case BYTES -> false;
      case BOOL -> isBetween(value, BigInteger.ZERO, BigInteger.ONE);
      case UINT8, UINT16, UINT32, UINT64 ->
          isBetween(
              value,
              BigInteger.ZERO,
              BigInteger.ONE.shiftLeft(8 * type.byteSize()).subtract(BigInteger.ONE));
      case INT8, INT16, INT32, INT64 -> {
        BigInteger end = BigInteger.ONE.shiftLeft(8 * type.byteSize() - 1);
        yield isBetween(value, end.negate(), end.subtract(BigInteger.ONE));
      }
    };
  }

  private static boolean isBetween(BigDecimal value, BigInteger least, BigInteger largest) {
    return value.stripTrailingZeros().scale() <= 0
        && value.compareTo(new BigDecimal(least)) >= 0
        && value.compareTo(new BigDecimal(largest)) <= 0;
  }

  /** The bytes of one that {@linkplain #fits fits}. */
  public static byte[] bytes(DataType type, BigDecimal value) {
    ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case FP16 -> bytes.putShort(Float.floatToFloat16(value.floatValue()));
      case BF16 -> bytes.putShort((short) (Float.floatToIntBits(value.floatValue()) >>> 16));
      case FP32 -> bytes.putFloat(value.floatValue());
      case FP64 -> bytes.putDouble(value.doubleValue());
      case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64 ->
          bytes.putLong(value.toBigInteger().longValue()); // the lowest bytes come first
      case BYTES -> throw new IllegalArgumentException("BYTES");
    }
    byte[] element = new byte[type.byteSize()];
    bytes.get(0, element);
    return element;
  }
}
