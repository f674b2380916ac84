// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.warmup;

import dev.millrace.backends.json.Elements;
import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonException;
import dev.millrace.backends.json.JsonText;
import dev.millrace.backends.json.NestedArray;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorView;
import dev.millrace.backends.warmup.NamedTensors.NamedTensor;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a request in the REST form of the Open Inference Protocol: {@code {"inputs": [{"name": …,
 * "shape": …, "datatype": …, "data": …}]}}. Shape and datatype may be left out where nested arrays
 * and the model's signature tell them.
 */
final class RequestJson {
  private static final Set<String> MEMBERS = Set.of("inputs", "outputs", "id", "parameters");
  private static final Set<String> INPUT_MEMBERS =
      Set.of("name", "shape", "datatype", "data", "parameters");

  private final ModelSignature signature;

  RequestJson(ModelSignature signature) {
    this.signature = signature;
  }

  /** The tensors; a {@link JsonException} says what is wrong and where. */
  NamedTensors read(String text) {
    Json.Members request = members(JsonText.parse(text), "the request", MEMBERS);
    return new NamedTensors(
        request.require("inputs", "the request").asItems("inputs").stream()
            .map(this::input)
            .toList());
  }

  private NamedTensor input(Json json) {
    Json.Members input = members(json, "an input", INPUT_MEMBERS);
    String name = input.require("name", "an input").asText("name");
    try {
      NestedArray array = NestedArray.of(input.require("data", "the input"));
      DataType type = dataType(name, input.get("datatype"));
      long[] shape = longs(input.get("shape").map(Json::asShape).orElseGet(array::shape));
      requireElements(array, shape);
      ByteBuffer bytes = ByteBuffer.wrap(Elements.encode(type, array.elements()));
      return new NamedTensor(name, new TensorView(type, shape, bytes));
    } catch (JsonException e) {
      throw new JsonException("input '%s': %s".formatted(name, e.getMessage()));
    }
  }

  private static void requireElements(NestedArray array, long[] shape) {
    if (Shapes.elements(shape) != array.elements().size()) {
      throw new JsonException(
          "%d elements (expected %d for shape %s)"
              .formatted(array.elements().size(), Shapes.elements(shape), Shapes.format(shape)));
    }
  }

  private DataType dataType(String name, Optional<Json> given) {
    if (given.isEmpty()) {
      return signature.inputs().stream()
          .filter(input -> input.name().equals(name))
          .findFirst()
          .map(input -> input.dataType())
          .orElseThrow(() -> new JsonException("not of this model, and no datatype"));
    }
    String written = given.get().asText("datatype");
    return Optional.ofNullable(DataType.of(written))
        .orElseThrow(
            () -> new JsonException("datatype '%s' (expected FP32, INT64, …)".formatted(written)));
  }

  private static long[] longs(List<Long> sizes) {
    return sizes.stream().mapToLong(size -> size).toArray();
  }

  private static Json.Members members(Json json, String what, Set<String> known) {
    if (!(json instanceof Json.Members members)) {
      throw new JsonException("%s is %s (expected an object)".formatted(what, json.kind()));
    }
    for (String name : members.members().keySet()) {
      if (!known.contains(name)) {
        throw new JsonException(
            "'%s' in %s (expected %s)"
                .formatted(name, what, String.join(", ", known.stream().sorted().toList())));
      }
    }
    return members;
  }
}
