// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.repository.WarmUpRequest.Input;
import dev.millrace.backends.repository.WarmUpRequest.Source;
import dev.millrace.backends.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads the requests under {@code warmup} of a {@code model.yaml}. */
final class YamlWarmUp {
  private static final String KEY = ManifestKey.WARMUP.key();
  private static final List<String> REQUEST_KEYS = List.of("name", "copies", "runs", "inputs");
  private static final List<String> INPUT_KEYS = List.of("name", "shape", "data", "file");
  private static final String SIZES = "a list of sizes of 0 or more";

  private static final Map<String, Source> WORDS =
      Map.of("zeros", new Source.Zeros(), "random", new Source.Random());

  private final YamlValues values;

  YamlWarmUp(YamlValues values) {
    this.values = values;
  }

  List<WarmUpRequest> read(Node node) {
    List<WarmUpRequest> requests = new ArrayList<>();
    int index = 0;
    for (Node element : values.list(node, KEY, "a list of requests")) {
      requests.add(request("%s[%d]".formatted(KEY, index++), element));
    }
    return requests;
  }

  private WarmUpRequest request(String path, Node node) {
    Map<String, Node> entries = values.map(node, path, REQUEST_KEYS);
    String name =
        at(entries, "name").flatMap(n -> values.text(n, path + ".name", "a name")).orElse(path);
    List<Input> inputs = new ArrayList<>();
    Optional<Node> given = at(entries, "inputs");
    if (given.isPresent()) {
      String inputsPath = path + ".inputs";
      for (Node element : values.list(given.get(), inputsPath, "a list of inputs")) {
        input("%s[%d]".formatted(inputsPath, inputs.size()), element).ifPresent(inputs::add);
      }
    } else if (!entries.isEmpty()) {
      values.problem(node, path + ".inputs is missing");
    }
    return new WarmUpRequest(
        "warmup '%s'".formatted(Names.printable(name)),
        count(entries, path, "copies", 65_536),
        count(entries, path, "runs", 1_000),
        List.copyOf(inputs));
  }

  private int count(Map<String, Node> entries, String path, String key, int max) {
    OptionalLong count =
        at(entries, key)
            .map(node -> values.integer(node, path + "." + key, 1, max, "1.." + max))
            .orElse(OptionalLong.empty());
    return (int) count.orElse(1);
  }

  private Optional<Input> input(String path, Node node) {
    Map<String, Node> entries = values.map(node, path, INPUT_KEYS);
    if (entries.isEmpty()) {
      return Optional.empty();
    }
    for (String key : List.of("name", "shape")) {
      if (!entries.containsKey(key)) {
        values.problem(node, path + "." + key + " is missing");
      }
    }
    Optional<String> name =
        at(entries, "name").flatMap(n -> values.text(n, path + ".name", "a name"));
    Optional<List<Long>> shape = at(entries, "shape").map(n -> shape(path + ".shape", n));
    Optional<Source> source = source(path, node, entries);
    if (name.isEmpty() || shape.isEmpty() || source.isEmpty()) {
      return Optional.empty();
    }
    Optional<DataType> models = Optional.empty();
    return Optional.of(new Input(name.get(), models, shape.get(), source.get()));
  }

  private List<Long> shape(String path, Node node) {
    List<Long> sizes = new ArrayList<>();
    for (Node element : values.list(node, path, SIZES)) {
      values.integer(element, path, 0, Integer.MAX_VALUE, SIZES).ifPresent(sizes::add);
    }
    return List.copyOf(sizes);
  }

  private Optional<Source> source(String path, Node node, Map<String, Node> entries) {
    Optional<Node> data = at(entries, "data");
    Optional<Node> file = at(entries, "file");
    if (data.isPresent() == file.isPresent()) {
      values.problem(
          node,
          path
              + (data.isPresent() ? ": both data and file" : ".data is missing")
              + " (expected data: zeros, data: random or file: NAME)");
      return Optional.empty();
    }
    return data.isPresent()
        ? values.oneOf(data.get(), path + ".data", WORDS, "zeros or random")
        : values.text(file.orElseThrow(), path + ".file", "a file name").map(Source.Content::new);
  }

  private static Optional<Node> at(Map<String, Node> entries, String key) {
    return Optional.ofNullable(entries.get(key));
  }
}
