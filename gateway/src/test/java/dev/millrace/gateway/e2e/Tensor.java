// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import dev.millrace.proto.inference.ModelInferResponse;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A tensor as a client has it: raw, and with nothing checked. */
record Tensor(String name, String datatype, List<Long> shape, ByteString raw) {

  static Tensor of(String name, DataType type, ByteString raw, long... shape) {
    return new Tensor(name, type.name(), Arrays.stream(shape).boxed().toList(), raw);
  }

  static Tensor floats(String name, float[] values, long... shape) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(values);
    return of(name, DataType.FP32, ByteString.copyFrom(raw), shape);
  }

  /**
   * Rows of four floats, {@code [first, first + 1, …]}, as most models of these tests take them.
   */
  static Tensor rows(int rows, float first) {
    float[] values = new float[rows * 4];
    for (int i = 0; i < values.length; i++) {
      values[i] = first + i;
    }
    return floats("x", values, rows, 4);
  }

  static Tensor strings(String name, String[] values, long... shape) {
    ByteArrayOutputStream raw = new ByteArrayOutputStream();
    for (String value : values) {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      ByteBuffer length = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
      raw.writeBytes(length.putInt(bytes.length).array());
      raw.writeBytes(bytes);
    }
    return of(name, DataType.BYTES, ByteString.copyFrom(raw.toByteArray()), shape);
  }

  /** A request of raw tensors. */
  static ModelInferRequest.Builder request(String model, Tensor... inputs) {
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder().setModelName(model);
    for (Tensor input : inputs) {
      request.addInputs(input.head()).addRawInputContents(input.raw());
    }
    return request;
  }

  /** All outputs of an answer, in its order. */
  static List<Tensor> of(ModelInferResponse response) {
    List<Tensor> outputs = new ArrayList<>();
    for (int i = 0; i < response.getOutputsCount(); i++) {
      outputs.add(
          new Tensor(
              response.getOutputs(i).getName(),
              response.getOutputs(i).getDatatype(),
              response.getOutputs(i).getShapeList(),
              response.getRawOutputContents(i)));
    }
    return outputs;
  }

  /** The tensor without its data. */
  InferInputTensor.Builder head() {
    return InferInputTensor.newBuilder().setName(name).setDatatype(datatype).addAllShape(shape);
  }

  /** Its elements, of a tensor of floats. */
  float[] floatValues() {
    float[] values = new float[raw.size() / 4];
    raw.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  Tensor named(String newName) {
    return new Tensor(newName, datatype, shape, raw);
  }

  Tensor shaped(long... newShape) {
    return new Tensor(name, datatype, Arrays.stream(newShape).boxed().toList(), raw);
  }

  Tensor typed(String newDatatype) {
    return new Tensor(name, newDatatype, shape, raw);
  }

  Tensor holding(ByteString newRaw) {
    return new Tensor(name, datatype, shape, newRaw);
  }
}
