// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.json;

import dev.millrace.backends.tensor.DataType;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A tensor's elements between JSON and the protocol's raw layout. */
public final class Elements {
  /** What an integer type holds. */
  private record Range(BigInteger min, BigInteger max) {
    static Range of(DataType type) {
      boolean signed = type.name().startsWith("INT");
      int bits = type.byteSize() * 8;
      BigInteger half = BigInteger.TWO.pow(bits - 1);
      return signed
          ? new Range(half.negate(), half.subtract(BigInteger.ONE))
          : new Range(BigInteger.ZERO, half.shiftLeft(1).subtract(BigInteger.ONE));
    }
  }

  private static final Map<DataType, Range> RANGES = new HashMap<>();

  static {
    for (DataType type : DataType.values()) {
      if (type.name().contains("INT")) {
        RANGES.put(type, Range.of(type));
      }
    }
  }

  private Elements() {}

  /** The raw bytes of the elements; {@link JsonException} if one is not of the type. */
  public static byte[] encode(DataType type, List<Json> elements) {
    if (type == DataType.BYTES) {
      return encodeBytes(elements);
    }
    ByteBuffer raw =
        ByteBuffer.allocate(Math.multiplyExact(elements.size(), type.byteSize()))
            .order(ByteOrder.LITTLE_ENDIAN);
    elements.forEach(element -> put(raw, type, element));
    return raw.array();
  }

  private static byte[] encodeBytes(List<Json> elements) {
    ByteArrayOutputStream raw = new ByteArrayOutputStream();
    for (Json element : elements) {
      byte[] bytes = textOf(element).getBytes(StandardCharsets.UTF_8);
      byte[] length =
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length).array();
      raw.write(length, 0, length.length);
      raw.write(bytes, 0, bytes.length);
    }
    return raw.toByteArray();
  }

  private static String textOf(Json element) {
    if (element instanceof Json.Text text) {
      return text.text();
    }
    if (element instanceof Json.Num number) {
      return number.literal();
    }
    throw unexpected(DataType.BYTES, element);
  }

  private static void put(ByteBuffer raw, DataType type, Json element) {
    switch (type) {
      case BOOL -> raw.put((byte) (bool(element) ? 1 : 0));
      case UINT8, INT8 -> raw.put(integer(type, element).byteValue());
      case UINT16, INT16 -> raw.putShort(integer(type, element).shortValue());
      case UINT32, INT32 -> raw.putInt(integer(type, element).intValue());
      case UINT64, INT64 -> raw.putLong(integer(type, element).longValue());
      case FP16 -> raw.putShort(Float.floatToFloat16(Float.parseFloat(real(type, element))));
      case BF16 -> raw.putShort(toBfloat16(Float.parseFloat(real(type, element))));
      case FP32 -> raw.putFloat(Float.parseFloat(real(type, element)));
      case FP64 -> raw.putDouble(Double.parseDouble(real(type, element)));
      case BYTES -> throw new IllegalArgumentException("BYTES");
    }
  }

  private static boolean bool(Json element) {
    if (element instanceof Json.Bool bool) {
      return bool.value();
    }
    if (element instanceof Json.Num number && number.literal().matches("[01]")) {
      return number.literal().equals("1");
    }
    throw unexpected(DataType.BOOL, element);
  }

  private static BigInteger integer(DataType type, Json element) {
    if (!(element instanceof Json.Num number)) {
      throw unexpected(type, element);
    }
    try {
      // 3.0 is an integer: languages without integers write it so
      BigDecimal decimal = new BigDecimal(number.literal());
      // beyond 64 bits anyway, and 1e999999999 would fill the memory
      if (decimal.precision() - decimal.scale() > 20) {
        throw unexpected(type, element);
      }
      BigInteger value = decimal.toBigIntegerExact();
      Range range = RANGES.get(type);
      if (range == null || value.compareTo(range.min()) < 0 || value.compareTo(range.max()) > 0) {
        throw unexpected(type, element);
      }
      return value;
    } catch (ArithmeticException | NumberFormatException e) {
      throw unexpected(type, element);
    }
  }

  /** The number as {@link Float} and {@link Double} read it; each rounds once, from the text. */
  private static String real(DataType type, Json element) {
    if (element instanceof Json.Num number) {
      return number.literal().replace("INF", "Infinity");
    }
    if (element instanceof Json.Text text && text.text().matches("NaN|[+-]?Infinity")) {
      return text.text();
    }
    throw unexpected(type, element);
  }

  private static JsonException unexpected(DataType type, Json element) {
    return new JsonException(
        "element %s (expected %s)".formatted(JsonText.write(element), type.name()));
  }

  /** The upper half of the float, rounded to nearest even. */
  private static short toBfloat16(float value) {
    int bits = Float.floatToIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** The elements of raw bytes, in order. */
  public static List<Json> decode(DataType type, ByteBuffer bytes) {
    ByteBuffer raw = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    List<Json> elements = new ArrayList<>();
    while (raw.hasRemaining()) {
      elements.add(next(raw, type));
    }
    return elements;
  }

  private static Json next(ByteBuffer raw, DataType type) {
    return switch (type) {
      case BOOL -> new Json.Bool(raw.get() != 0);
      case UINT8 -> number(Byte.toUnsignedInt(raw.get()));
      case UINT16 -> number(Short.toUnsignedInt(raw.getShort()));
      case UINT32 -> number(Integer.toUnsignedLong(raw.getInt()));
      case UINT64 -> new Json.Num(Long.toUnsignedString(raw.getLong()));
      case INT8 -> number(raw.get());
      case INT16 -> number(raw.getShort());
      case INT32 -> number(raw.getInt());
      case INT64 -> number(raw.getLong());
      case FP16 -> real(Float.float16ToFloat(raw.getShort()));
      case BF16 -> real(Float.intBitsToFloat(raw.getShort() << 16));
      case FP32 -> real(raw.getFloat());
      case FP64 -> real(raw.getDouble());
      case BYTES -> nextBytes(raw);
    };
  }

  private static Json number(long value) {
    return new Json.Num(Long.toString(value));
  }

  public static Json real(float value) {
    return Float.isFinite(value)
        ? new Json.Num(Float.toString(value))
        : new Json.Text(Float.toString(value));
  }

  public static Json real(double value) {
    return Double.isFinite(value)
        ? new Json.Num(Double.toString(value))
        : new Json.Text(Double.toString(value));
  }

  private static Json nextBytes(ByteBuffer raw) {
    byte[] bytes = new byte[raw.getInt()];
    raw.get(bytes);
    return text(bytes);
  }

  /** Text if the bytes are UTF-8, and Base64 otherwise. */
  public static Json text(byte[] bytes) {
    try {
      return new Json.Text(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      return new Json.Text(Base64.getEncoder().encodeToString(bytes));
    }
  }
}
