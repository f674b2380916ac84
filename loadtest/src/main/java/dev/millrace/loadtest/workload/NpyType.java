// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numpy's element types beside those of the protocol. */
final class NpyType {
  private static final Pattern FORM = Pattern.compile("([<>|=])([a-zA-Z])([0-9]{1,9})");
  private static final Set<String> NUMBERS = Set.of("b", "i", "u", "f", "S", "V");

  private NpyType() {}

  /** Bytes of an element; {@link WorkloadException} for types that are never taken. */
  static int itemBytes(String source, String descr) {
    Matcher form = FORM.matcher(descr);
    if (!form.matches() || !NUMBERS.contains(form.group(2))) {
      throw new WorkloadException(
          "%s: type '%s' (expected numbers, booleans or byte strings%s)"
              .formatted(source, descr, descr.contains("U") ? ": save text with dtype 'S'" : ""));
    }
    if (form.group(1).equals(">")) {
      throw new WorkloadException(
          "%s: type '%s' is big-endian (expected little-endian)".formatted(source, descr));
    }
    int bytes = Integer.parseInt(form.group(3));
    if (bytes == 0) {
      throw new WorkloadException("%s: type '%s' has no bytes".formatted(source, descr));
    }
    return bytes;
  }

  /** Whether elements of the numpy type are elements of the protocol's type. */
  static boolean fits(String descr, DataType type) {
    String bare = descr.substring(1);
    return switch (type) {
      case BYTES -> bare.startsWith("S");
      // numpy has none; ml_dtypes stores V2, others the bits
      case BF16 -> bare.equals("V2") || bare.equals("u2");
      default -> bare.equals(bare(type));
    };
  }

  /** What an array for the type should be. */
  static String expected(DataType type) {
    return switch (type) {
      case BYTES -> "|S";
      case BF16 -> "<V2 or <u2";
      default -> (type.byteSize() == 1 ? "|" : "<") + bare(type);
    };
  }

  private static String bare(DataType type) {
    return switch (type) {
      case BOOL -> "b1";
      case UINT8, UINT16, UINT32, UINT64 -> "u" + type.byteSize();
      case INT8, INT16, INT32, INT64 -> "i" + type.byteSize();
      case FP16, FP32, FP64 -> "f" + type.byteSize();
      case BF16 -> "V2";
      case BYTES -> "S";
    };
  }

  /** Elements of fixed width, padded with zeros, as elements with lengths. */
  static ByteString withLengths(ByteString padded, int itemBytes) {
    ByteString.Output out = ByteString.newOutput(padded.size());
    for (int start = 0; start < padded.size(); start += itemBytes) {
      int end = start + itemBytes;
      while (end > start && padded.byteAt(end - 1) == 0) {
        end--;
      }
      byte[] element = padded.substring(start, end).toByteArray();
      byte[] length =
          ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(element.length).array();
      out.write(length, 0, length.length);
      out.write(element, 0, element.length);
    }
    return out.toByteString();
  }
}
