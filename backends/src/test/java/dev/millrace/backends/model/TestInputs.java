// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Inputs of a request for tests, and their answers read back. */
public record TestInputs(int rows, List<TensorView> tensors) implements ModelInputs {

  public static TestInputs of(int rows, TensorView... tensors) {
    return new TestInputs(rows, List.of(tensors));
  }

  /** One FP32 input of shape [rows, columns]. */
  public static TestInputs floats(int rows, int columns, float... values) {
    return of(rows, floatTensor(new long[] {rows, columns}, values));
  }

  public static TensorView floatTensor(long[] shape, float... values) {
    ByteBuffer bytes = little(values.length * 4);
    bytes.asFloatBuffer().put(values);
    return new TensorView(DataType.FP32, shape, bytes);
  }

  /** Integers of any integer type, BOOL, or the bits of FP16 and BF16. */
  public static TensorView integers(DataType type, long[] shape, long... values) {
    ByteBuffer bytes = little(values.length * type.byteSize());
    for (long value : values) {
      switch (type.byteSize()) {
        case 1 -> bytes.put((byte) value);
        case 2 -> bytes.putShort((short) value);
        case 4 -> bytes.putInt((int) value);
        default -> bytes.putLong(value);
      }
    }
    return new TensorView(type, shape, bytes.flip());
  }

  public static TensorView strings(long[] shape, String... values) {
    byte[][] encoded = new byte[values.length][];
    for (int i = 0; i < values.length; i++) {
      encoded[i] = values[i].getBytes(StandardCharsets.UTF_8);
    }
    return byteStrings(shape, encoded);
  }

  public static TensorView byteStrings(long[] shape, byte[]... values) {
    int length = 0;
    for (byte[] value : values) {
      length += 4 + value.length;
    }
    ByteBuffer bytes = little(length);
    for (byte[] value : values) {
      bytes.putInt(value.length).put(value);
    }
    return new TensorView(DataType.BYTES, shape, bytes.flip());
  }

  @Override
  public TensorView input(int index) {
    return tensors.get(index);
  }

  public static float[] floatsOf(OutputTensor output) {
    float[] values = new float[output.byteLength() / 4];
    output.data().duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(0, values);
    return values;
  }

  /** Elements of any integer type, sign-extended as they lie. */
  public static long[] integersOf(OutputTensor output) {
    ByteBuffer data = output.data().duplicate().order(ByteOrder.LITTLE_ENDIAN);
    int size = output.dataType().byteSize();
    long[] values = new long[output.byteLength() / size];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (size) {
            case 1 -> data.get(i);
            case 2 -> data.getShort(i * 2);
            case 4 -> data.getInt(i * 4);
            default -> data.getLong(i * 8);
          };
    }
    return values;
  }

  /** Elements of a BYTES output that begin where its row offsets say, as UTF-8. */
  public static String[] stringsOf(OutputTensor output) {
    ByteBuffer data = output.data().duplicate().order(ByteOrder.LITTLE_ENDIAN);
    List<String> values = new ArrayList<>();
    int position = 0;
    while (position < output.byteLength()) {
      byte[] bytes = new byte[data.getInt(position)];
      data.get(position + 4, bytes);
      values.add(new String(bytes, StandardCharsets.UTF_8));
      position += 4 + bytes.length;
    }
    return values.toArray(String[]::new);
  }

  /** Default options but for the batch size. */
  public static ModelOptions options(int maxBatchSize) {
    return new ModelOptions(OptionalInt.of(maxBatchSize), 1, List.of(), List.of(), Map.of());
  }

  /** Default options but for the engine's own. */
  public static ModelOptions options(Map<String, String> engine) {
    return new ModelOptions(OptionalInt.empty(), 1, List.of(), List.of(), engine);
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
