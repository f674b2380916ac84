// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.Padding;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** Reads what {@code model.yaml} says of rows that may be made longer. */
final class YamlPadding {
  private static final int MOST_AXES = 8;

  private final YamlValues values;

  YamlPadding(YamlValues values) {
    this.values = values;
  }

  /** What is wrong becomes a problem. */
  Padding read(String path, Node node) {
    Map<String, Node> entries = values.map(node, path, List.of("sizes", "inputs", "outputs"));
    for (String key : List.of("sizes", "inputs")) {
      if (!entries.isEmpty() && !entries.containsKey(key)) {
        values.problem(node, path + "." + key + " is missing");
      }
    }
    List<Integer> sizes = new ArrayList<>();
    Map<String, Padding.Filler> inputs = new LinkedHashMap<>();
    Map<String, Integer> outputs = new LinkedHashMap<>();
    entries.forEach(
        (key, value) -> {
          String at = path + "." + key;
          switch (key) {
            case "sizes" -> readSizes(at, value, sizes);
            case "inputs" ->
                values.map(value, at, List.of()).forEach((n, v) -> readInput(at, n, v, inputs));
            default ->
                values.map(value, at, List.of()).forEach((n, v) -> readOutput(at, n, v, outputs));
          }
        });
    return new Padding(List.copyOf(sizes), Map.copyOf(inputs), Map.copyOf(outputs));
  }

  private void readSizes(String path, Node node, List<Integer> sizes) {
    String expected = "a list of lengths, each more than the one before";
    for (Node element : values.list(node, path, expected)) {
      int least = sizes.isEmpty() ? 1 : sizes.getLast() + 1;
      values
          .integer(element, path, least, Integer.MAX_VALUE - 1, expected)
          .ifPresent(size -> sizes.add(Math.toIntExact(size)));
    }
    if (sizes.isEmpty()) {
      values.problem(node, path + ": no length (expected " + expected + ")");
    }
  }

  private void readInput(String path, String name, Node node, Map<String, Padding.Filler> inputs) {
    String at = path + "." + Names.printable(name);
    Map<String, Node> entries = values.map(node, at, List.of("axis", "value"));
    OptionalLong axis = axis(at, node, entries);
    BigDecimal value = value(at, node, entries);
    axis.ifPresent(n -> inputs.put(name, new Padding.Filler(Math.toIntExact(n), value)));
  }

  private void readOutput(String path, String name, Node node, Map<String, Integer> outputs) {
    String at = path + "." + Names.printable(name);
    Map<String, Node> entries = values.map(node, at, List.of("axis"));
    axis(at, node, entries).ifPresent(n -> outputs.put(name, Math.toIntExact(n)));
  }

  private OptionalLong axis(String path, Node node, Map<String, Node> entries) {
    Node axis = entries.get("axis");
    if (axis == null) {
      values.problem(node, path + ".axis is missing");
      return OptionalLong.empty();
    }
    String expected = "1.." + (MOST_AXES - 1) + ", for axis 0 is the batch's";
    return values.integer(axis, path + ".axis", 1, MOST_AXES - 1, expected);
  }

  private BigDecimal value(String path, Node node, Map<String, Node> entries) {
    Node value = entries.get("value");
    if (value == null) {
      values.problem(node, path + ".value is missing");
    } else if (value instanceof ScalarNode scalar) {
      try {
        return new BigDecimal(scalar.getValue());
      } catch (NumberFormatException e) {
        values.unexpected(value, path + ".value", "a number");
      }
    } else {
      values.unexpected(value, path + ".value", "a number");
    }
    return BigDecimal.ZERO;
  }
}
