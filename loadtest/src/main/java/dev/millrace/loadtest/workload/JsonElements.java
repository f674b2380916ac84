// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The elements of one tensor, from JSON to the protocol's raw form. */
final class JsonElements {
  private final String source;
  private final DataType type;
  private final ByteString.Output out = ByteString.newOutput();
  private final ByteBuffer one = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
  private long count;

  /**
   * Begins without elements.
   *
   * @param source names the tensor in errors
   */
  JsonElements(String source, DataType type) {
    this.source = source;
    this.type = type;
  }

  ByteString raw() {
    return out.toByteString();
  }

  /**
   * Takes the elements of an array, nested or flat, at whose beginning the parser stands.
   *
   * @return the dimensions of the nesting
   * @throws WorkloadException if rows differ in length, or an element is not of the type
   */
  List<Long> read(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      add(parser);
      return List.of();
    }
    long length = 0;
    List<Long> inner = List.of();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      List<Long> dims = read(parser);
      if (length > 0 && !dims.equals(inner)) {
        throw new WorkloadException(
            "%s: rows of different lengths, %s after %s"
                .formatted(source, Tensor.text(dims), Tensor.text(inner)));
      }
      inner = dims;
      length++;
    }
    List<Long> dims = new ArrayList<>();
    dims.add(length);
    dims.addAll(inner);
    return dims;
  }

  private void add(JsonParser parser) throws IOException {
    one.clear();
    boolean taken =
        switch (type) {
          case BOOL -> bool(parser);
          case UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64 -> integer(parser);
          case FP16, BF16, FP32, FP64 -> real(parser);
          case BYTES -> text(parser);
        };
    if (!taken) {
      throw new WorkloadException(
          "%s element %d: %s (expected %s)".formatted(source, count, parser.getText(), type));
    }
    out.write(one.array(), 0, one.position());
    if (out.size() > Tensor.MAX_BYTES - Integer.BYTES) {
      throw new WorkloadException("%s: too large (expected less than 2 GiB)".formatted(source));
    }
    count++;
  }

  private boolean bool(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    boolean set =
        token == JsonToken.VALUE_TRUE
            || (token == JsonToken.VALUE_NUMBER_INT && parser.getText().equals("1"));
    one.put((byte) (set ? 1 : 0));
    return set
        || token == JsonToken.VALUE_FALSE
        || (token == JsonToken.VALUE_NUMBER_INT && parser.getText().equals("0"));
  }

  private boolean integer(JsonParser parser) throws IOException {
    BigInteger value;
    if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
      value = parser.getBigIntegerValue();
    } else if (parser.currentToken() == JsonToken.VALUE_NUMBER_FLOAT) {
      // 3.0 is an integer: languages without integers write it so
      double real = parser.getDoubleValue();
      if (real != Math.rint(real) || Math.abs(real) > 1L << 53) {
        return false;
      }
      value = BigInteger.valueOf((long) real);
    } else {
      return false;
    }
    int bits = type.byteSize() * 8;
    boolean signed = type.name().startsWith("INT");
    // bitLength leaves out the sign
    if (value.bitLength() > (signed ? bits - 1 : bits) || (!signed && value.signum() < 0)) {
      return false;
    }
    switch (type.byteSize()) {
      case 1 -> one.put(value.byteValue());
      case 2 -> one.putShort(value.shortValue());
      case 4 -> one.putInt(value.intValue());
      default -> one.putLong(value.longValue());
    }
    return true;
  }

  private boolean real(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    String text = parser.getText();
    boolean taken =
        token == JsonToken.VALUE_NUMBER_INT
            || token == JsonToken.VALUE_NUMBER_FLOAT
            || (token == JsonToken.VALUE_STRING && text.matches("NaN|[+-]?Infinity"));
    if (!taken) {
      return false;
    }
    // each type from the text itself, so that it is rounded once
    switch (type) {
      case FP64 -> one.putDouble(Double.parseDouble(text));
      case FP16 -> one.putShort(Float.floatToFloat16(Float.parseFloat(text)));
      case BF16 -> one.putShort(SmallFloats.toBfloat16(Float.parseFloat(text)));
      default -> one.putFloat(Float.parseFloat(text));
    }
    return true;
  }

  private boolean text(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      return false;
    }
    byte[] bytes = parser.getText().getBytes(StandardCharsets.UTF_8);
    ByteBuffer length = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length);
    out.write(length.array(), 0, 4);
    out.write(bytes, 0, bytes.length);
    return true;
  }
}
