// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.google.protobuf.ByteString;
import dev.millrace.backends.json.Elements;
import dev.millrace.backends.json.Json;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.InferTensorContents;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.ModelInferResponse.InferOutputTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The outputs of an answer, whichever way their elements travelled. */
record InferAnswer(String model, String version, String id, List<Output> outputs) {

  /** One output; the elements are in row-major order. */
  record Output(String name, String datatype, List<Long> shape, List<Json> elements) {}

  static InferAnswer of(ModelInferResponse response) {
    List<Output> outputs = new ArrayList<>();
    for (int i = 0; i < response.getOutputsCount(); i++) {
      InferOutputTensor output = response.getOutputs(i);
      List<Json> elements =
          response.getRawOutputContentsCount() > i
              ? raw(output, response.getRawOutputContents(i))
              : typed(output.getContents());
      outputs.add(
          new Output(output.getName(), output.getDatatype(), output.getShapeList(), elements));
    }
    return new InferAnswer(
        response.getModelName(), response.getModelVersion(), response.getId(), outputs);
  }

  Optional<Output> output(String name) {
    return outputs.stream().filter(output -> output.name().equals(name)).findFirst();
  }

  private static List<Json> raw(InferOutputTensor output, ByteString bytes) {
    DataType type = DataType.of(output.getDatatype());
    if (type == null) {
      throw new IllegalStateException(
          "output '%s' has datatype '%s'".formatted(output.getName(), output.getDatatype()));
    }
    return Elements.decode(type, bytes.asReadOnlyByteBuffer());
  }

  // one list at most is filled
  private static List<Json> typed(InferTensorContents contents) {
    List<Json> elements = new ArrayList<>();
    contents.getBoolContentsList().forEach(value -> elements.add(new Json.Bool(value)));
    contents.getIntContentsList().forEach(value -> elements.add(number(value.toString())));
    contents.getInt64ContentsList().forEach(value -> elements.add(number(value.toString())));
    contents
        .getUintContentsList()
        .forEach(value -> elements.add(number(Integer.toUnsignedString(value))));
    contents
        .getUint64ContentsList()
        .forEach(value -> elements.add(number(Long.toUnsignedString(value))));
    contents.getFp32ContentsList().forEach(value -> elements.add(Elements.real(value)));
    contents.getFp64ContentsList().forEach(value -> elements.add(Elements.real(value)));
    contents
        .getBytesContentsList()
        .forEach(value -> elements.add(Elements.text(value.toByteArray())));
    return elements;
  }

  private static Json number(String literal) {
    return new Json.Num(literal);
  }

  /** The response form of the REST protocol, the data flat. */
  Json toJson() {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("model_name", new Json.Text(model));
    members.put("model_version", new Json.Text(version));
    if (!id.isEmpty()) {
      members.put("id", new Json.Text(id));
    }
    members.put("outputs", new Json.Items(outputs.stream().map(InferAnswer::toJson).toList()));
    return new Json.Members(members);
  }

  private static Json toJson(Output output) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("name", new Json.Text(output.name()));
    members.put("datatype", new Json.Text(output.datatype()));
    members.put(
        "shape",
        new Json.Items(output.shape().stream().map(size -> number(Long.toString(size))).toList()));
    members.put("data", new Json.Items(output.elements()));
    return new Json.Members(members);
  }
}
