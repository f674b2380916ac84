// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import com.google.protobuf.ByteString;
import dev.millrace.proto.inference.InferParameter;
import dev.millrace.proto.inference.InferTensorContents;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Writes requests as no client would and every parser must read: fields of different numbers mixed,
 * unknown fields and groups between them, singular fields several times, lists packed and not,
 * contents in several pieces, numbers longer than need be.
 */
final class OddWire {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LENGTH = 2;
  private static final int GROUP = 3;
  private static final int FIXED32 = 5;

  private final RandomGenerator random;

  OddWire(RandomGenerator random) {
    this.random = random;
  }

  byte[] encode(ModelInferRequest request) {
    List<Deque<byte[]>> fields = new ArrayList<>();
    fields.add(singular(1, request.getModelNameBytes()));
    fields.add(singular(2, request.getModelVersionBytes()));
    fields.add(singular(3, request.getIdBytes()));
    fields.add(map(4, request.getParametersMap()));
    Deque<byte[]> inputs = new ArrayDeque<>();
    request.getInputsList().forEach(input -> inputs.add(field(5, encode(input))));
    fields.add(inputs);
    Deque<byte[]> outputs = new ArrayDeque<>();
    request
        .getOutputsList()
        .forEach(
            output ->
                outputs.add(
                    field(
                        6,
                        mixed(
                            List.of(
                                singular(1, output.getNameBytes()),
                                map(2, output.getParametersMap()))))));
    fields.add(outputs);
    Deque<byte[]> raw = new ArrayDeque<>();
    request.getRawInputContentsList().forEach(blob -> raw.add(field(7, blob.toByteArray())));
    fields.add(raw);
    return mixed(fields);
  }

  private byte[] encode(InferInputTensor input) {
    List<Deque<byte[]>> fields = new ArrayList<>();
    fields.add(singular(1, input.getNameBytes()));
    fields.add(singular(2, input.getDatatypeBytes()));
    List<byte[]> dims = new ArrayList<>();
    input.getShapeList().forEach(dim -> dims.add(varint(dim)));
    fields.add(list(3, VARINT, dims));
    fields.add(map(4, input.getParametersMap()));
    if (input.hasContents()) {
      Deque<byte[]> pieces = new ArrayDeque<>();
      Deque<byte[]> rest = values(input.getContents());
      do { // several messages that add up
        Deque<byte[]> some = new ArrayDeque<>();
        for (int i = random.nextInt(rest.size() + 1); i > 0; i--) {
          some.add(rest.remove());
        }
        pieces.add(field(5, mixed(List.of(some))));
      } while (!rest.isEmpty());
      fields.add(pieces);
    }
    return mixed(fields);
  }

  private Deque<byte[]> values(InferTensorContents contents) {
    Deque<byte[]> all = new ArrayDeque<>();
    List<byte[]> values = new ArrayList<>();
    contents.getBoolContentsList().forEach(v -> values.add(varint(v ? 1 : 0)));
    all.addAll(list(1, VARINT, values));
    values.clear();
    contents.getIntContentsList().forEach(v -> values.add(varint(v)));
    all.addAll(list(2, VARINT, values));
    values.clear();
    contents.getInt64ContentsList().forEach(v -> values.add(varint(v)));
    all.addAll(list(3, VARINT, values));
    values.clear();
    contents.getUintContentsList().forEach(v -> values.add(varint(Integer.toUnsignedLong(v))));
    all.addAll(list(4, VARINT, values));
    values.clear();
    contents.getUint64ContentsList().forEach(v -> values.add(varint(v)));
    all.addAll(list(5, VARINT, values));
    values.clear();
    contents
        .getFp32ContentsList()
        .forEach(v -> values.add(fixed(Float.floatToRawIntBits(v), Float.BYTES)));
    all.addAll(list(6, FIXED32, values));
    values.clear();
    contents
        .getFp64ContentsList()
        .forEach(v -> values.add(fixed(Double.doubleToRawLongBits(v), Double.BYTES)));
    all.addAll(list(7, FIXED64, values));
    contents.getBytesContentsList().forEach(v -> all.add(field(8, v.toByteArray())));
    return all;
  }

  /** The values in order: runs of them packed, and some by themselves. */
  private Deque<byte[]> list(int number, int wireType, List<byte[]> values) {
    Deque<byte[]> fields = new ArrayDeque<>();
    for (int at = 0; at < values.size(); ) {
      if (random.nextBoolean()) {
        fields.add(join(tag(number, wireType), values.get(at++)));
      } else {
        int run = random.nextInt(values.size() - at + 1);
        fields.add(field(number, join(values.subList(at, at + run).toArray(byte[][]::new))));
        at += run;
      }
    }
    return fields;
  }

  /** The value, perhaps after others that no longer count. */
  private Deque<byte[]> singular(int number, ByteString value) {
    Deque<byte[]> fields = new ArrayDeque<>();
    for (int i = random.nextInt(3); i > 1; i--) {
      fields.add(field(number, "overwritten".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }
    if (!fields.isEmpty() || !value.isEmpty() || random.nextBoolean()) {
      fields.add(field(number, value.toByteArray()));
    }
    return fields;
  }

  private Deque<byte[]> map(int number, Map<String, InferParameter> map) {
    Deque<byte[]> entries = new ArrayDeque<>();
    map.forEach(
        (key, value) -> {
          Deque<byte[]> values = new ArrayDeque<>();
          if (random.nextInt(3) == 0) {
            values.add(
                field(2, InferParameter.newBuilder().setBoolParam(true).build().toByteArray()));
          }
          if (value.getParameterChoiceCase().getNumber() != 0 || random.nextBoolean()) {
            values.add(field(2, mixed(List.of(new ArrayDeque<>(List.of(value.toByteArray()))))));
          }
          if (random.nextInt(3) == 0) {
            values.add(field(2, new byte[0])); // merges nothing
          }
          if (random.nextInt(3) == 0) {
            entries.add(field(number, mixed(List.of(singular(1, ByteString.copyFromUtf8(key))))));
          }
          entries.add(
              field(number, mixed(List.of(singular(1, ByteString.copyFromUtf8(key)), values))));
        });
    return entries;
  }

  /** All fields, the order kept within each queue only, with unknown fields between them. */
  private byte[] mixed(List<Deque<byte[]>> queues) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    boolean inOrder = random.nextInt(3) == 0;
    List<Deque<byte[]>> rest = new ArrayList<>(queues);
    rest.removeIf(Deque::isEmpty);
    while (!rest.isEmpty()) {
      if (random.nextInt(8) == 0) {
        all.writeBytes(unknown(3));
      }
      Deque<byte[]> queue = rest.get(inOrder ? 0 : random.nextInt(rest.size()));
      all.writeBytes(queue.remove());
      if (queue.isEmpty()) {
        rest.remove(queue);
      }
    }
    return all.toByteArray();
  }

  private byte[] unknown(int levels) {
    int number = 9 + random.nextInt(1 << random.nextInt(1, 28));
    byte[] bytes = new byte[random.nextInt(5)];
    random.nextBytes(bytes);
    return switch (random.nextInt(levels > 0 ? 5 : 4)) {
      case 0 -> join(tag(number, VARINT), varint(random.nextLong()));
      case 1 -> join(tag(number, FIXED64), fixed(random.nextLong(), 8));
      case 2 -> field(number, bytes);
      case 3 -> join(tag(number, FIXED32), fixed(random.nextInt(), 4));
      default ->
          join(
              tag(number, GROUP), unknown(levels - 1), unknown(levels - 1), tag(number, GROUP + 1));
    };
  }

  private byte[] field(int number, byte[] content) {
    return join(tag(number, LENGTH), varint(content.length), content);
  }

  private byte[] tag(int number, int wireType) {
    return varint(Integer.toUnsignedLong(number << 3 | wireType));
  }

  private byte[] varint(long value) {
    byte[] bytes = new byte[10];
    int length = 0;
    long rest = value;
    do {
      bytes[length++] = (byte) (rest | 0x80);
      rest >>>= 7;
    } while (rest != 0);
    while (length < 10 && random.nextInt(10) == 0) {
      bytes[length++] = (byte) 0x80; // zeros that add nothing
    }
    bytes[length - 1] &= 0x7f;
    return java.util.Arrays.copyOf(bytes, length);
  }

  private static byte[] fixed(long value, int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = (byte) (value >>> (i * 8));
    }
    return bytes;
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
