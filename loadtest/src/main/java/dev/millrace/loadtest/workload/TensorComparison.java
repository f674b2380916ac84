// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Holds a tensor against the expected one. Real numbers may differ by {@code tolerance + tolerance
 * / 10 × |expected|}; NaN equals NaN and an infinity itself. Everything else has to be equal.
 *
 * @param tolerance 0 or more
 */
record TensorComparison(double tolerance) {
  /** Characters of a string in a message. */
  private static final int SHOWN = 40;

  /** What differs, such as {@code 'y'[3]: 0.25 (expected 0.5 ± 1e-4)}; null if nothing does. */
  @Nullable String difference(Tensor expected, Tensor actual) {
    String name = "'" + expected.name() + "'";
    if (expected.type() != actual.type()) {
      return "%s: datatype %s (expected %s)".formatted(name, actual.type(), expected.type());
    }
    if (!expected.shape().equals(actual.shape())) {
      return "%s: shape %s (expected %s)"
          .formatted(name, Tensor.text(actual.shape()), Tensor.text(expected.shape()));
    }
    // most answers are equal to the last bit
    if (expected.raw().equals(actual.raw())) {
      return null;
    }
    ByteBuffer wanted = buffer(expected.raw());
    ByteBuffer given = buffer(actual.raw());
    for (long index = 0; wanted.hasRemaining(); index++) {
      String difference = next(expected.type(), wanted, given);
      if (difference != null) {
        return "%s[%d]: %s".formatted(name, index, difference);
      }
    }
    return null;
  }

  private static ByteBuffer buffer(ByteString raw) {
    return raw.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  private @Nullable String next(DataType type, ByteBuffer wanted, ByteBuffer given) {
    return switch (type) {
      case FP16, BF16, FP32, FP64 -> reals(type, real(type, wanted), real(type, given));
      case BYTES -> exact(text(wanted), text(given));
      case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64 ->
          exact(whole(type, wanted), whole(type, given));
    };
  }

  private @Nullable String reals(DataType type, double expected, double actual) {
    double allowed = tolerance + tolerance / 10 * Math.abs(expected);
    // compare knows NaN and the infinities
    if (Double.compare(expected, actual) == 0
        || (Double.isFinite(expected) && Math.abs(expected - actual) <= allowed)) {
      return null;
    }
    return Double.isFinite(expected)
        ? "%s (expected %s ± %s)"
            .formatted(shown(type, actual), shown(type, expected), brief(allowed))
        : "%s (expected %s)".formatted(shown(type, actual), shown(type, expected));
  }

  private static @Nullable String exact(Object expected, Object actual) {
    return expected.equals(actual) ? null : "%s (expected %s)".formatted(actual, expected);
  }

  private static double real(DataType type, ByteBuffer raw) {
    return switch (type) {
      case FP16 -> Float.float16ToFloat(raw.getShort());
      case BF16 -> SmallFloats.fromBfloat16(raw.getShort());
      case FP32 -> raw.getFloat();
      default -> raw.getDouble();
    };
  }

  private static String shown(DataType type, double value) {
    return type == DataType.FP64 ? Double.toString(value) : Float.toString((float) value);
  }

  private static String brief(double allowed) {
    return allowed == 0 ? "0" : String.format(Locale.ROOT, "%.1e", allowed);
  }

  private static Object whole(DataType type, ByteBuffer raw) {
    return switch (type) {
      case BOOL -> raw.get() != 0;
      case UINT8 -> Byte.toUnsignedInt(raw.get());
      case INT8 -> raw.get();
      case UINT16 -> Short.toUnsignedInt(raw.getShort());
      case INT16 -> raw.getShort();
      case UINT32 -> Integer.toUnsignedLong(raw.getInt());
      case INT32 -> raw.getInt();
      case UINT64 -> Long.toUnsignedString(raw.getLong());
      default -> raw.getLong();
    };
  }

  /** A string in quotes; long ones that differ far behind are told apart by their hash. */
  private static String text(ByteBuffer raw) {
    byte[] bytes = new byte[raw.getInt()];
    raw.get(bytes);
    String text = new String(bytes, StandardCharsets.UTF_8);
    if (text.length() <= SHOWN && text.getBytes(StandardCharsets.UTF_8).length == bytes.length) {
      return "\"" + text + "\"";
    }
    return "\"%s…\" (%d bytes, hash %08x)"
        .formatted(
            text.substring(0, Math.min(SHOWN, text.length())),
            bytes.length,
            Arrays.hashCode(bytes));
  }
}
