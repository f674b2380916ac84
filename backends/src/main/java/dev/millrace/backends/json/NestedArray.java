// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.json;

import java.util.ArrayList;
import java.util.List;

/** Elements in row-major order and the shape that their nesting gave; a scalar has shape []. */
public record NestedArray(List<Long> shape, List<Json> elements) {

  /** Flattens nested arrays; {@link JsonException} if rows differ in length or depth. */
  public static NestedArray of(Json value) {
    List<Long> shape = new ArrayList<>();
    Json inner = value;
    while (inner instanceof Json.Items items) {
      shape.add((long) items.items().size());
      if (items.items().isEmpty()) {
        break;
      }
      inner = items.items().getFirst();
    }
    List<Json> elements = new ArrayList<>();
    flatten(value, shape, 0, elements);
    return new NestedArray(List.copyOf(shape), elements);
  }

  private static void flatten(Json value, List<Long> shape, int depth, List<Json> elements) {
    if (depth == shape.size()) {
      if (value instanceof Json.Items || value instanceof Json.Members) {
        throw new JsonException("%s among elements (expected one)".formatted(value.kind()));
      }
      elements.add(value);
      return;
    }
    if (!(value instanceof Json.Items items)) {
      throw new JsonException(
          "%s beside arrays (expected rows of %d)".formatted(value.kind(), shape.get(depth)));
    }
    if (items.items().size() != shape.get(depth)) {
      throw new JsonException(
          "a row of %d beside a row of %d (expected equal lengths)"
              .formatted(items.items().size(), shape.get(depth)));
    }
    items.items().forEach(item -> flatten(item, shape, depth + 1, elements));
  }

  /** The elements as nested arrays again. */
  public static Json nest(List<Long> shape, List<Json> elements) {
    if (shape.isEmpty()) {
      return elements.isEmpty() ? new Json.Null() : elements.getFirst();
    }
    List<Long> inner = shape.subList(1, shape.size());
    int each = inner.stream().mapToInt(Long::intValue).reduce(1, Math::multiplyExact);
    List<Json> items = new ArrayList<>();
    for (int i = 0; i < shape.getFirst(); i++) {
      items.add(nest(inner, elements.subList(i * each, (i + 1) * each)));
    }
    return new Json.Items(items);
  }
}
