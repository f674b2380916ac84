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
        items(member(request, "inputs", "the request"), "inputs").stream()
            .map(this::input)
            .toList());
  }

  private NamedTensor input(Json json) {
    Json.Members input = members(json, "an input", INPUT_MEMBERS);
    String name = text(member(input, "name", "an input"), "name");
    try {
      NestedArray array = NestedArray.of(member(input, "data", "the input"));
      DataType type = dataType(name, input.get("datatype"));
      long[] shape =
          input.get("shape").map(RequestJson::shape).orElseGet(() -> longs(array.shape()));
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
    String written = text(given.get(), "datatype");
    return Optional.ofNullable(DataType.of(written))
        .orElseThrow(
            () -> new JsonException("datatype '%s' (expected FP32, INT64, …)".formatted(written)));
  }

  private static long[] shape(Json json) {
    return items(json, "shape").stream()
        .mapToLong(
            size -> {
              if (size instanceof Json.Num number && number.literal().matches("\\d{1,9}")) {
                return Long.parseLong(number.literal());
              }
              throw new JsonException(
                  "shape %s (expected sizes from 0)".formatted(JsonText.write(json)));
            })
        .toArray();
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

  private static Json member(Json.Members object, String name, String owner) {
    return object
        .get(name)
        .orElseThrow(() -> new JsonException("%s without '%s'".formatted(owner, name)));
  }

  private static List<Json> items(Json json, String name) {
    if (json instanceof Json.Items items) {
      return items.items();
    }
    throw new JsonException("%s: %s (expected an array)".formatted(name, json.kind()));
  }

  private static String text(Json json, String name) {
    if (json instanceof Json.Text text) {
      return text.text();
    }
    throw new JsonException("%s: %s (expected text)".formatted(name, json.kind()));
  }
}
