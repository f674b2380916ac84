// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.InferParameter;
import dev.millrace.proto.inference.InferTensorContents;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.random.RandomGenerator;

/** Requests that are right in themselves: every datatype, raw and typed, scalars, empty tensors. */
final class RandomRequests {
  private static final List<DataType> TYPES = List.of(DataType.values());
  private static final String[] NAMES = {
    "x", "input_1", "eingabe-ä", "入力", "🙂", "", "a/b:0", "n".repeat(64), "long-".repeat(30)
  };

  private final RandomGenerator random;

  RandomRequests(RandomGenerator random) {
    this.random = random;
  }

  ModelInferRequest next() {
    ModelInferRequest.Builder request =
        ModelInferRequest.newBuilder().setModelName(name()).setId(random.nextBoolean() ? "" : "7é");
    if (random.nextBoolean()) {
      request.setModelVersion(Integer.toString(random.nextInt(200)));
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      request.putParameters(name(), parameter());
    }
    boolean raw = random.nextBoolean();
    int inputs = random.nextInt(4);
    for (int i = 0; i < inputs; i++) {
      addInput(request, i, raw);
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      ModelInferRequest.InferRequestedOutputTensor.Builder output =
          request.addOutputsBuilder().setName("out" + i);
      if (random.nextInt(4) == 0) {
        output.putParameters("binary_data", parameter());
      }
    }
    return request.build();
  }

  private void addInput(ModelInferRequest.Builder request, int index, boolean raw) {
    DataType type;
    do {
      type = TYPES.get(random.nextInt(TYPES.size()));
    } while (!raw && (type == DataType.FP16 || type == DataType.BF16));
    InferInputTensor.Builder input =
        request.addInputsBuilder().setName(name() + index).setDatatype(type.name());
    int elements = 1;
    for (int rank = random.nextInt(4); rank > 0; rank--) {
      int dim = random.nextInt(12) == 0 ? 0 : 1 + random.nextInt(5);
      elements *= dim;
      input.addShape(dim);
    }
    if (random.nextInt(5) == 0) {
      input.putParameters(name(), parameter());
    }
    if (raw) {
      request.addRawInputContents(raw(type, elements));
    } else if (elements > 0 || random.nextBoolean()) {
      input.setContents(typed(type, elements));
    }
  }

  ByteString raw(DataType type, int elements) {
    if (type.isFixedSize()) {
      return ByteString.copyFrom(bytes(elements * type.byteSize()));
    }
    ByteString all = ByteString.EMPTY;
    for (int i = 0; i < elements; i++) {
      byte[] element = bytes(random.nextInt(9));
      ByteBuffer prefix = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
      prefix.putInt(0, element.length);
      all = all.concat(ByteString.copyFrom(prefix)).concat(ByteString.copyFrom(element));
    }
    return all;
  }

  InferTensorContents typed(DataType type, int elements) {
    InferTensorContents.Builder contents = InferTensorContents.newBuilder();
    for (int i = 0; i < elements; i++) {
      switch (type) {
        case BOOL -> contents.addBoolContents(random.nextBoolean());
        case INT8 -> contents.addIntContents((byte) random.nextInt());
        case INT16 -> contents.addIntContents((short) random.nextInt());
        case INT32 -> contents.addIntContents(random.nextInt() >> random.nextInt(32));
        case INT64 -> contents.addInt64Contents(random.nextLong() >> random.nextInt(64));
        case UINT8 -> contents.addUintContents(random.nextInt() & 0xff);
        case UINT16 -> contents.addUintContents(random.nextInt() & 0xffff);
        case UINT32 -> contents.addUintContents(random.nextInt() >>> random.nextInt(32));
        case UINT64 -> contents.addUint64Contents(random.nextLong() >>> random.nextInt(64));
        case FP32 -> contents.addFp32Contents(random.nextFloat());
        case FP64 -> contents.addFp64Contents(random.nextDouble());
        case BYTES -> contents.addBytesContents(ByteString.copyFrom(bytes(random.nextInt(9))));
        case FP16, BF16 -> throw new IllegalArgumentException("no typed list for " + type);
      }
    }
    return contents.build();
  }

  private InferParameter parameter() {
    InferParameter.Builder value = InferParameter.newBuilder();
    return switch (random.nextInt(6)) {
      case 0 -> value.setBoolParam(random.nextBoolean()).build();
      case 1 -> value.setInt64Param(random.nextLong()).build();
      case 2 -> value.setStringParam(name()).build();
      case 3 -> value.setDoubleParam(random.nextDouble()).build();
      case 4 -> value.setUint64Param(random.nextLong()).build();
      default -> value.build();
    };
  }

  private String name() {
    return NAMES[random.nextInt(NAMES.length)];
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
