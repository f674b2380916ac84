// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.proto.inference.InferParameter;
import dev.millrace.proto.inference.InferTensorContents;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a request says, as a value to compare: taken from our decoder, or from protobuf's message by
 * the plainest code there is.
 */
record Decoded(
    String modelName,
    String modelVersion,
    String id,
    List<String> inputs,
    List<String> outputs,
    Map<String, String> parameters) {

  static Decoded of(InferRequest request) {
    List<String> inputs = new ArrayList<>();
    for (int i = 0; i < request.inputCount(); i++) {
      InputTensor input = request.input(i);
      byte[] bytes = new byte[Math.toIntExact(input.view().byteLength())];
      input.view().copyTo(ByteBuffer.wrap(bytes), 0);
      inputs.add(
          describe(input.name(), input.dataType(), input.shape(), ByteString.copyFrom(bytes)));
    }
    Map<String, String> parameters = new TreeMap<>();
    for (Parameter parameter : request.parameters()) {
      parameters.put(parameter.name(), parameter.kind() + " " + parameter);
    }
    return new Decoded(
        request.modelName(),
        request.modelVersion(),
        request.id(),
        inputs,
        request.requestedOutputs(),
        parameters);
  }

  /** The same of protobuf's message; empty if the message is one to refuse. */
  static Optional<Decoded> of(ModelInferRequest request) {
    boolean raw = request.getRawInputContentsCount() > 0;
    if (raw && request.getRawInputContentsCount() != request.getInputsCount()) {
      return Optional.empty();
    }
    List<String> inputs = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 0; i < request.getInputsCount(); i++) {
      InferInputTensor input = request.getInputs(i);
      DataType type = DataType.of(input.getDatatype());
      long[] shape = input.getShapeList().stream().mapToLong(Long::longValue).toArray();
      Optional<Long> elements = elements(shape);
      if (type == null
          || shape.length > InputDraft.MAX_RANK // the other limits are beyond what is tried here
          || elements.isEmpty()
          || !names.add(input.getName())
          || usesSharedMemory(input.getParametersMap())
          || (raw && input.hasContents())) {
        return Optional.empty();
      }
      ByteString bytes =
          raw ? request.getRawInputContents(i) : rawOf(input.getContents(), type, elements.get());
      if (bytes == null || !holds(bytes, type, elements.get())) {
        return Optional.empty();
      }
      inputs.add(describe(input.getName(), type, shape, bytes));
    }
    List<String> outputs = new ArrayList<>();
    for (var output : request.getOutputsList()) {
      if (outputs.contains(output.getName())
          || usesSharedMemory(output.getParametersMap())
          || output.containsParameters("classification")) {
        return Optional.empty();
      }
      outputs.add(output.getName());
    }
    Map<String, String> parameters = new TreeMap<>();
    request.getParametersMap().forEach((name, value) -> parameters.put(name, describe(value)));
    return Optional.of(
        new Decoded(
            request.getModelName(),
            request.getModelVersion(),
            request.getId(),
            inputs,
            outputs,
            parameters));
  }

  private static boolean usesSharedMemory(Map<String, InferParameter> parameters) {
    return parameters.keySet().stream().anyMatch(key -> key.startsWith("shared_memory_"));
  }

  private static Optional<Long> elements(long[] shape) {
    for (long dim : shape) {
      if (dim < 0) {
        return Optional.empty();
      }
    }
    try {
      return Optional.of(Shapes.elements(shape));
    } catch (ArithmeticException tooMany) {
      return Optional.empty();
    }
  }

  private static boolean holds(ByteString bytes, DataType type, long elements) {
    if (type.isFixedSize()) {
      return bytes.size() % type.byteSize() == 0 && bytes.size() / type.byteSize() == elements;
    }
    ByteBuffer rest = bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    long found = 0;
    while (rest.hasRemaining()) {
      if (rest.remaining() < 4) {
        return false;
      }
      int length = rest.getInt();
      if (length < 0 || length > rest.remaining()) {
        return false;
      }
      rest.position(rest.position() + length);
      found++;
    }
    return found == elements;
  }

  /** Typed contents as raw bytes; null if there is another list, or another number of values. */
  private static @Nullable ByteString rawOf(
      InferTensorContents contents, DataType type, long elements) {
    ByteBuffer raw =
        ByteBuffer.allocate(contents.getSerializedSize() * 8).order(ByteOrder.LITTLE_ENDIAN);
    int count =
        switch (type) {
          case BOOL -> contents.getBoolContentsCount();
          case INT8, INT16, INT32 -> contents.getIntContentsCount();
          case INT64 -> contents.getInt64ContentsCount();
          case UINT8, UINT16, UINT32 -> contents.getUintContentsCount();
          case UINT64 -> contents.getUint64ContentsCount();
          case FP32 -> contents.getFp32ContentsCount();
          case FP64 -> contents.getFp64ContentsCount();
          case BYTES -> contents.getBytesContentsCount();
          case FP16, BF16 -> 0;
        };
    int all =
        contents.getBoolContentsCount()
            + contents.getIntContentsCount()
            + contents.getInt64ContentsCount()
            + contents.getUintContentsCount()
            + contents.getUint64ContentsCount()
            + contents.getFp32ContentsCount()
            + contents.getFp64ContentsCount()
            + contents.getBytesContentsCount();
    if (count != all || count != elements) {
      return null;
    }
    for (int i = 0; i < count; i++) {
      switch (type) {
        case BOOL -> raw.put((byte) (contents.getBoolContents(i) ? 1 : 0));
        case INT8 -> {
          if (contents.getIntContents(i) != (byte) contents.getIntContents(i)) {
            return null;
          }
          raw.put((byte) contents.getIntContents(i));
        }
        case INT16 -> {
          if (contents.getIntContents(i) != (short) contents.getIntContents(i)) {
            return null;
          }
          raw.putShort((short) contents.getIntContents(i));
        }
        case INT32 -> raw.putInt(contents.getIntContents(i));
        case INT64 -> raw.putLong(contents.getInt64Contents(i));
        case UINT8 -> {
          if ((contents.getUintContents(i) & ~0xff) != 0) {
            return null;
          }
          raw.put((byte) contents.getUintContents(i));
        }
        case UINT16 -> {
          if ((contents.getUintContents(i) & ~0xffff) != 0) {
            return null;
          }
          raw.putShort((short) contents.getUintContents(i));
        }
        case UINT32 -> raw.putInt(contents.getUintContents(i));
        case UINT64 -> raw.putLong(contents.getUint64Contents(i));
        case FP32 -> raw.putFloat(contents.getFp32Contents(i));
        case FP64 -> raw.putDouble(contents.getFp64Contents(i));
        case BYTES -> {
          ByteString element = contents.getBytesContents(i);
          raw.putInt(element.size()).put(element.toByteArray());
        }
        case FP16, BF16 -> throw new IllegalStateException("no typed list for " + type);
      }
    }
    return ByteString.copyFrom(raw.flip());
  }

  private static String describe(String name, DataType type, long[] shape, ByteString bytes) {
    return name + " " + type + Shapes.format(shape) + " " + hex(bytes);
  }

  private static String hex(ByteString bytes) {
    return java.util.HexFormat.of().formatHex(bytes.toByteArray());
  }

  private static String describe(InferParameter value) {
    return switch (value.getParameterChoiceCase()) {
      case BOOL_PARAM -> "BOOL " + value.getBoolParam();
      case INT64_PARAM -> "INT64 " + value.getInt64Param();
      case STRING_PARAM -> "STRING " + Quoted.of(value.getStringParam());
      case DOUBLE_PARAM -> "DOUBLE " + value.getDoubleParam();
      case UINT64_PARAM -> "UINT64 " + Long.toUnsignedString(value.getUint64Param());
      case PARAMETERCHOICE_NOT_SET -> "NONE nothing";
    };
  }
}
