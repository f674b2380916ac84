// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * The settings of a deployment in place of what a model's own configuration says: keys and values
 * of {@code model.yaml}.
 *
 * <p>Maps of several settings, {@code engine} and {@code priority_queue_policy}, are overlaid entry
 * by entry, anything else as a whole.
 */
public final class ConfigOverlay {

  /** That nothing is overlaid. */
  public static final String NONE = "";

  private static final String FIELD = "config";
  private static final String MODELS_OWN = "the model's own";

  private static final Map<ManifestKey, String> REFUSED =
      Map.of(
          ManifestKey.REPLICAS, "replicas or autoscale of the deployment itself",
          ManifestKey.VERSION_POLICY, "version or traffic of the deployment itself",
          ManifestKey.BACKEND, "it in the model's own configuration",
          ManifestKey.FILE, "it in the model's own configuration",
          ManifestKey.REQUIRED, "nothing: whatever is deployed is required");

  private ConfigOverlay() {}

  /** What is wrong with settings whatever they overlay; empty if nothing is. */
  public static Optional<String> problem(String config) {
    try {
      overlay(ModelManifest.DEFAULT).check(config);
      return Optional.empty();
    } catch (ManifestException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /** A model with these settings; its versions have a problem if the two do not go together. */
  public static ModelEntry over(ModelEntry entry, String config) {
    if (config.equals(NONE)) {
      return entry;
    }
    try {
      ModelManifest manifest = overlay(entry.manifest()).parse(config);
      return new ModelEntry(entry.name(), manifest, entry.versions(), entry.problem());
    } catch (ManifestException e) {
      Optional<String> problem = Optional.of(String.valueOf(e.getMessage()));
      List<ModelEntry.ModelVersion> versions =
          entry.versions().stream()
              .map(
                  v ->
                      new ModelEntry.ModelVersion(
                          v.number(), v.fingerprint(), v.settled(), problem))
              .toList();
      return new ModelEntry(entry.name(), entry.manifest(), versions, entry.problem());
    }
  }

  private static YamlManifest overlay(ModelManifest base) {
    return new YamlManifest(ManifestProblems.ofField(FIELD), REFUSED, ManifestBuilder.of(base));
  }

  /** What is different, a line for each key: "config.slo: 20ms → 50ms". */
  public static List<String> changes(String before, String after) {
    SortedMap<String, String> old = values(before);
    SortedMap<String, String> now = values(after);
    SortedSet<String> keys = new TreeSet<>(old.keySet());
    keys.addAll(now.keySet());
    List<String> changes = new ArrayList<>();
    for (String key : keys) {
      if (!Objects.equals(old.get(key), now.get(key))) {
        changes.add(
            "%s: %s → %s"
                .formatted(
                    key, old.getOrDefault(key, MODELS_OWN), now.getOrDefault(key, MODELS_OWN)));
      }
    }
    return changes;
  }

  private static SortedMap<String, String> values(String config) {
    SortedMap<String, String> values = new TreeMap<>();
    try {
      YamlTree.parse(FIELD, config).ifPresent(root -> flatten(FIELD, root, values));
    } catch (ManifestException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    return values;
  }

  private static void flatten(String path, Node node, SortedMap<String, String> values) {
    if (node instanceof MappingNode map && !map.getValue().isEmpty()) {
      for (NodeTuple entry : map.getValue()) {
        flatten(path + "." + text(entry.getKeyNode()), entry.getValueNode(), values);
      }
    } else {
      values.put(path, text(node));
    }
  }

  private static String text(Node node) {
    return switch (node) {
      case ScalarNode scalar -> Names.printable(scalar.getValue());
      case SequenceNode list ->
          list.getValue().stream().map(ConfigOverlay::text).toList().toString();
      case MappingNode map ->
          map.getValue().stream()
              .map(entry -> text(entry.getKeyNode()) + ": " + text(entry.getValueNode()))
              .toList()
              .toString();
      default -> throw new IllegalArgumentException(node.toString());
    };
  }
}
