// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.google.protobuf.ByteString;
import dev.millrace.backends.json.Elements;
import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonException;
import dev.millrace.backends.json.NestedArray;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.InferParameter;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import dev.millrace.proto.inference.ModelInferRequest.InferRequestedOutputTensor;
import dev.millrace.proto.inference.ModelMetadataResponse;
import dev.millrace.proto.inference.ModelMetadataResponse.TensorMetadata;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Makes requests out of JSON: the request form of the REST protocol, {@code {"inputs": [{"name": …,
 * "shape": …, "datatype": …, "data": …}]}}; or {@code {"x": [[…]]}}; or, for a model of one input,
 * the bare array. What the JSON leaves out comes from the model's metadata.
 */
final class InferRequests {
  private final ModelMetadataResponse metadata;

  InferRequests(ModelMetadataResponse metadata) {
    this.metadata = metadata;
  }

  /** A request without model name, version and outputs, unless the JSON names outputs. */
  ModelInferRequest.Builder of(Json json) {
    if (json instanceof Json.Members members) {
      return isRestForm(members) ? restForm(members) : shortForm(members.members());
    }
    if (json instanceof Json.Items items) {
      return shortForm(Map.of(onlyInput().getName(), items));
    }
    throw new JsonException(json.kind() + " (expected an object or an array)");
  }

  // a model may have an input called "inputs", but that one takes no objects
  private static boolean isRestForm(Json.Members members) {
    return members.get("inputs").orElse(new Json.Null()) instanceof Json.Items items
        && items.items().stream().allMatch(Json.Members.class::isInstance);
  }

  private ModelInferRequest.Builder restForm(Json.Members json) {
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder();
    for (Map.Entry<String, Json> member : json.members().entrySet()) {
      Json value = member.getValue();
      switch (member.getKey()) {
        case "inputs" ->
            value.asItems("inputs").forEach(input -> addRestInput(request, (Json.Members) input));
        case "outputs" ->
            value.asItems("outputs").forEach(output -> request.addOutputs(output(output)));
        case "id" -> request.setId(value.asText("id"));
        case "parameters" -> request.putAllParameters(parameters(value));
        default ->
            throw new JsonException(
                "'%s' (expected inputs, outputs, id or parameters)".formatted(member.getKey()));
      }
    }
    return request;
  }

  private void addRestInput(ModelInferRequest.Builder request, Json.Members input) {
    String name = input.require("name", "an input").asText("name");
    Json data = input.require("data", "input '" + name + "'");
    Map<String, InferParameter> parameters =
        input.get("parameters").map(InferRequests::parameters).orElse(Map.of());
    Optional<String> datatype = input.get("datatype").map(value -> value.asText("datatype"));
    try {
      Optional<List<Long>> shape = input.get("shape").map(Json::asShape);
      NestedArray array = NestedArray.of(data);
      DataType type = dataType(datatype.orElseGet(() -> declared(name).getDatatype()));
      add(
          request,
          InferInputTensor.newBuilder().setName(name).putAllParameters(parameters),
          type,
          shape.isPresent() ? checked(shape.get(), array) : fitted(name, array),
          array);
    } catch (JsonException e) {
      throw new JsonException("input '%s': %s".formatted(name, e.getMessage()));
    }
  }

  private ModelInferRequest.Builder shortForm(Map<String, Json> inputs) {
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder();
    inputs.forEach(
        (name, data) -> {
          TensorMetadata declared = declared(name);
          try {
            NestedArray array = NestedArray.of(data);
            add(
                request,
                InferInputTensor.newBuilder().setName(name),
                dataType(declared.getDatatype()),
                fitted(name, array),
                array);
          } catch (JsonException e) {
            throw new JsonException("input '%s': %s".formatted(name, e.getMessage()));
          }
        });
    return request;
  }

  private static void add(
      ModelInferRequest.Builder request,
      InferInputTensor.Builder input,
      DataType type,
      List<Long> shape,
      NestedArray array) {
    request.addInputs(input.setDatatype(type.name()).addAllShape(shape));
    request.addRawInputContents(ByteString.copyFrom(Elements.encode(type, array.elements())));
  }

  private List<Long> fitted(String name, NestedArray array) {
    List<Long> declared = declared(name).getShapeList();
    return ShapeFit.fit(array.shape(), declared)
        .orElseThrow(
            () ->
                new JsonException(
                    "shape %s (expected %s)"
                        .formatted(ShapeFit.show(array.shape()), ShapeFit.show(declared))));
  }

  private static List<Long> checked(List<Long> shape, NestedArray array) {
    long count = shape.stream().reduce(1L, (a, b) -> a * b);
    if (count != array.elements().size()) {
      throw new JsonException(
          "%d elements (expected %d for shape %s)"
              .formatted(array.elements().size(), count, ShapeFit.show(shape)));
    }
    return shape;
  }

  private TensorMetadata onlyInput() {
    if (metadata.getInputsCount() != 1) {
      throw new JsonException(
          "an array for a model of %d inputs (expected an object with %s)"
              .formatted(metadata.getInputsCount(), inputNames()));
    }
    return metadata.getInputs(0);
  }

  private TensorMetadata declared(String name) {
    return metadata.getInputsList().stream()
        .filter(input -> input.getName().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new JsonException(
                    "input '%s': not of this model (expected %s)".formatted(name, inputNames())));
  }

  private String inputNames() {
    return metadata.getInputsList().stream()
        .map(TensorMetadata::getName)
        .collect(Collectors.joining(", "));
  }

  private static DataType dataType(String name) {
    DataType type = DataType.of(name);
    if (type == null) {
      throw new JsonException("datatype '%s' (expected FP32, INT64, …)".formatted(name));
    }
    return type;
  }

  private static InferRequestedOutputTensor output(Json json) {
    if (!(json instanceof Json.Members output)) {
      throw new JsonException("an output that is %s (expected an object)".formatted(json.kind()));
    }
    return InferRequestedOutputTensor.newBuilder()
        .setName(output.require("name", "an output").asText("name"))
        .putAllParameters(output.get("parameters").map(InferRequests::parameters).orElse(Map.of()))
        .build();
  }

  private static Map<String, InferParameter> parameters(Json json) {
    Map<String, InferParameter> parameters = new LinkedHashMap<>();
    json.asMembers("parameters")
        .members()
        .forEach((name, value) -> parameters.put(name, parameter(name, value)));
    return parameters;
  }

  private static InferParameter parameter(String name, Json value) {
    InferParameter.Builder parameter = InferParameter.newBuilder();
    return switch (value) {
      case Json.Bool bool -> parameter.setBoolParam(bool.value()).build();
      case Json.Text text -> parameter.setStringParam(text.text()).build();
      case Json.Num number -> number(parameter, number.literal());
      case Json.Members m -> throw badParameter(name, value);
      case Json.Items i -> throw badParameter(name, value);
      case Json.Null n -> throw badParameter(name, value);
    };
  }

  private static InferParameter number(InferParameter.Builder parameter, String literal) {
    return literal.matches("-?\\d{1,18}")
        ? parameter.setInt64Param(Long.parseLong(literal)).build()
        : parameter.setDoubleParam(Double.parseDouble(literal)).build();
  }

  private static JsonException badParameter(String name, Json value) {
    return new JsonException(
        "parameter '%s': %s (expected text, a number or a boolean)".formatted(name, value.kind()));
  }
}
