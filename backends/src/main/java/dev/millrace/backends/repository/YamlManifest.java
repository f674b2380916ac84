// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.device.Placement;
import dev.millrace.backends.model.Nearest;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Reads {@code model.yaml}, or a part of it that stands elsewhere. */
final class YamlManifest {
  private static final List<String> TENSOR_KEYS = List.of("name", "datatype", "shape");
  private static final List<String> DATA_TYPES =
      Arrays.stream(DataType.values()).map(DataType::name).toList();

  private final Set<String> backends;
  private final ManifestProblems problems;
  private final Map<ManifestKey, String> refused;
  private final YamlValues values;
  private final ManifestBuilder manifest;
  private final YamlScheduling scheduling;

  /** Of a file. */
  YamlManifest(Set<String> backends) {
    this(backends, new ManifestProblems(Names.MODEL_YAML), Map.of(), new ManifestBuilder());
  }

  /**
   * Of settings that overlay others.
   *
   * @param refused keys that have no place there, and why
   * @param manifest holds what is overlaid
   */
  YamlManifest(
      ManifestProblems problems, Map<ManifestKey, String> refused, ManifestBuilder manifest) {
    this(Set.of(), problems, refused, manifest);
  }

  private YamlManifest(
      Set<String> backends,
      ManifestProblems problems,
      Map<ManifestKey, String> refused,
      ManifestBuilder manifest) {
    this.backends = backends;
    this.problems = problems;
    this.refused = refused;
    this.values = new YamlValues(problems);
    this.manifest = manifest;
    this.scheduling = new YamlScheduling(values, manifest.scheduling);
  }

  ModelManifest parse(String text) throws ManifestException {
    readAll(text);
    scheduling.check(manifest.maxBatchSize);
    problems.throwIfAny();
    return manifest.build();
  }

  /** Says what is wrong whatever it is to overlay. */
  void check(String text) throws ManifestException {
    readAll(text);
    scheduling.checkWhatIsGiven(manifest.maxBatchSize);
    problems.throwIfAny();
  }

  private void readAll(String text) throws ManifestException {
    Optional<Node> root =
        YamlTree.parse(problems.source(), text).filter(node -> !node.getTag().equals(Tag.NULL));
    if (root.isPresent()) {
      values
          .map(root.get(), "", ManifestKey.KEYS)
          .forEach(
              (key, node) ->
                  ManifestKey.of(key).ifPresent(known -> readUnlessRefused(known, node)));
    }
  }

  private void readUnlessRefused(ManifestKey key, Node node) {
    String why = refused.get(key);
    if (why == null) {
      read(key, node);
    } else {
      values.problem(node, key.key() + ": has no place here (expected " + why + ")");
    }
  }

  private void read(ManifestKey key, Node node) {
    switch (key) {
      case BACKEND -> readBackend(node);
      case FILE -> readFile(node);
      case MAX_BATCH_SIZE -> number(key, node, n -> manifest.maxBatchSize = OptionalInt.of(n));
      case REPLICAS -> number(key, node, n -> manifest.replicas = n);
      case THREADS -> number(key, node, n -> manifest.threads = n);
      case DEVICE -> readDevice(key, node);
      case GPU_MEMORY ->
          values
              .bytes(node, key.key(), key.min(), key.max(), key.type())
              .ifPresent(n -> manifest.gpuMemoryBytes = n);
      case VERSION_POLICY -> readVersionPolicy(key, node);
      case MAX_QUEUED_ROWS -> number(key, node, n -> manifest.maxQueuedRows = n);
      case MAX_QUEUED_BYTES -> longNumber(key, node, n -> manifest.maxQueuedBytes = n);
      case MAX_REQUEST_ROWS -> number(key, node, n -> manifest.maxRequestRows = n);
      case MAX_RUN_TIME ->
          values
              .nanos(node, key.key(), "a duration such as 500ms, 30s or 2m")
              .ifPresent(n -> manifest.maxRunNanos = n);
      case SCHEDULER -> scheduling.readMode(key, node);
      case SLO -> scheduling.readSlo(key, node);
      case MAX_QUEUE_TIME -> scheduling.readMaxQueueTime(key, node);
      case PRIORITY_LEVELS -> scheduling.readPriorityLevels(key, node);
      case DEFAULT_PRIORITY -> scheduling.readDefaultPriority(key, node);
      case QUEUE_POLICY -> scheduling.readQueuePolicy(key, node);
      case PRIORITY_QUEUE_POLICY -> scheduling.readLevelPolicies(key, node);
      case PREFERRED_BATCH_SIZES -> scheduling.readPreferredSizes(key, node);
      case QUEUE_DELAY -> scheduling.readQueueDelay(key, node);
      case PRESERVE_ORDERING -> scheduling.readPreserveOrdering(key, node);
      case STRICT_OVERRIDE -> scheduling.readStrictOverride(key, node);
      case REQUIRED -> values.bool(node, key.key()).ifPresent(b -> manifest.required = b);
      case INPUTS -> manifest.inputs = tensors(key, node);
      case OUTPUTS -> manifest.outputs = tensors(key, node);
      case PADDING -> manifest.padding = new YamlPadding(values).read(key.key(), node);
      case WARMUP -> manifest.warmUp = new YamlWarmUp(values).read(node);
      case ENGINE -> readEngine(key, node);
    }
  }

  private void number(ManifestKey key, Node node, IntConsumer target) {
    longNumber(key, node, n -> target.accept(Math.toIntExact(n)));
  }

  private void longNumber(ManifestKey key, Node node, LongConsumer target) {
    values.integer(node, key.key(), key.min(), key.max(), key.type()).ifPresent(target);
  }

  private void readBackend(Node node) {
    Optional<String> name = values.text(node, ManifestKey.BACKEND.key(), "a name");
    if (name.isEmpty()) {
      return;
    }
    manifest.backend = name.get();
    if (!backends.contains(name.get())) {
      values.problem(
          node,
          "backend "
              + Names.quoted(name.get())
              + " is not available here"
              + Nearest.hint(name.get(), backends));
    }
  }

  private void readFile(Node node) {
    Optional<String> name = values.text(node, ManifestKey.FILE.key(), "a file name");
    if (name.isPresent()) {
      manifest.fileName = name.get();
      Names.fileNameProblem(name.get()).ifPresent(p -> values.problem(node, "file: " + p));
    }
  }

  private void readDevice(ManifestKey key, Node node) {
    Optional<Placement> placement =
        node instanceof ScalarNode scalar ? Placement.of(scalar.getValue()) : Optional.empty();
    placement.ifPresent(p -> manifest.placement = p);
    if (placement.isEmpty()) {
      values.unexpected(node, key.key(), Placement.EXPECTED);
    }
  }

  private void readVersionPolicy(ManifestKey key, Node node) {
    if (node instanceof ScalarNode scalar && scalar.getValue().equals("all")) {
      manifest.versionPolicy = new VersionPolicy.All();
      return;
    }
    String expected = "'all', 'latest: N' or 'versions: [1, 3]'";
    if (!(node instanceof MappingNode)) {
      values.unexpected(node, key.key(), expected);
      return;
    }
    Map<String, Node> entries = values.map(node, key.key(), List.of("latest", "versions"));
    if (entries.size() > 1) {
      values.problem(node, key.key() + ": both latest and versions (expected one)");
    }
    Node latest = entries.get("latest");
    if (latest != null) {
      values
          .integer(latest, key.key() + ".latest", 1, Integer.MAX_VALUE, "1 or more")
          .ifPresent(n -> manifest.versionPolicy = new VersionPolicy.Latest(Math.toIntExact(n)));
    }
    Node versions = entries.get("versions");
    if (versions != null) {
      readVersions(versions, key.key() + ".versions");
    }
  }

  private void readVersions(Node node, String path) {
    Set<Long> numbers = new LinkedHashSet<>();
    String expected = "version numbers of 1 or more";
    for (Node element : values.list(node, path, "a list of version numbers")) {
      values.integer(element, path, 1, Long.MAX_VALUE, expected).ifPresent(numbers::add);
    }
    if (numbers.isEmpty() && node instanceof SequenceNode list && list.getValue().isEmpty()) {
      values.problem(node, path + ": an empty list (expected " + expected + ")");
    }
    manifest.versionPolicy = new VersionPolicy.Specific(Set.copyOf(numbers));
  }

  private List<TensorSpec> tensors(ManifestKey key, Node node) {
    List<TensorSpec> specs = new ArrayList<>();
    Set<String> names = new HashSet<>();
    int index = 0;
    for (Node element : values.list(node, key.key(), "a list of tensors")) {
      tensor(key.key() + "[" + index++ + "]", element)
          .ifPresent(
              spec -> {
                specs.add(spec);
                if (!names.add(spec.name())) {
                  values.problem(element, key.key() + ": " + Names.quoted(spec.name()) + " twice");
                }
              });
    }
    return specs;
  }

  private Optional<TensorSpec> tensor(String path, Node node) {
    Map<String, Node> entries = values.map(node, path, TENSOR_KEYS);
    if (!(node instanceof MappingNode)) {
      return Optional.empty();
    }
    for (String key : TENSOR_KEYS) {
      if (!entries.containsKey(key)) {
        values.problem(node, path + "." + key + " is missing");
      }
    }
    Optional<String> name =
        at(entries, "name").flatMap(n -> values.text(n, path + ".name", "a name"));
    Optional<DataType> dataType = at(entries, "datatype").flatMap(n -> dataType(path, n));
    Optional<long[]> shape = at(entries, "shape").flatMap(n -> shape(path + ".shape", n));
    if (name.isEmpty() || dataType.isEmpty() || shape.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new TensorSpec(name.get(), dataType.get(), shape.get()));
  }

  private static Optional<Node> at(Map<String, Node> entries, String key) {
    return Optional.ofNullable(entries.get(key));
  }

  private Optional<DataType> dataType(String path, Node node) {
    Optional<String> name = values.text(node, path + ".datatype", "a name such as FP32");
    if (name.isEmpty()) {
      return Optional.empty();
    }
    Optional<DataType> type = Optional.ofNullable(DataType.of(name.get()));
    if (type.isEmpty()) {
      values.problem(
          node,
          path + ".datatype: " + Names.quoted(name.get()) + Nearest.hint(name.get(), DATA_TYPES));
    }
    return type;
  }

  private Optional<long[]> shape(String path, Node node) {
    if (!(node instanceof SequenceNode sequence)) {
      values.unexpected(node, path, "a list of sizes, -1 where any goes");
      return Optional.empty();
    }
    List<Long> sizes = new ArrayList<>();
    for (Node element : sequence.getValue()) {
      OptionalLong size = values.integer(element, path, -1, Long.MAX_VALUE, "-1 or a size");
      size.ifPresent(sizes::add);
    }
    return sizes.size() == sequence.getValue().size()
        ? Optional.of(sizes.stream().mapToLong(Long::longValue).toArray())
        : Optional.empty();
  }

  private void readEngine(ManifestKey key, Node node) {
    values
        .map(node, key.key(), List.of())
        .forEach(
            (option, value) ->
                values
                    .text(value, key.key() + "." + Names.printable(option), "a plain value")
                    .ifPresent(text -> manifest.engine.put(option, text)));
  }
}
