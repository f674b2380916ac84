// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Reads a flat YAML file into settings, each with its line. It reads the document's nodes rather
 * than Java objects made of them: those know no lines, and {@code 010} would no longer be what was
 * written.
 */
final class YamlSource {
  /** What a map has to have that says how one place is reached. */
  private static final String URL = "url=";

  private final Path file;
  private final Path base;
  private final List<String> problems;
  private final List<Setting> settings = new ArrayList<>();
  private final Map<String, Integer> lines = new HashMap<>();

  private YamlSource(Path file, List<String> problems) {
    this.file = file;
    this.problems = problems;
    Path folder = file.getParent();
    this.base = folder == null ? Path.of("") : folder;
  }

  /** The file's settings; what is wrong with it is added to the problems. */
  static List<Setting> read(Path file, List<String> problems) {
    YamlSource source = new YamlSource(file, problems);
    try (Reader reader = Files.newBufferedReader(file)) {
      LoadSettings load = LoadSettings.builder().setLabel(file.toString()).build();
      new Compose(load).composeReader(reader).ifPresent(source::document);
    } catch (NoSuchFileException e) {
      problems.add(file + ": no such file");
    } catch (IOException e) {
      problems.add("%s: cannot be read (%s)".formatted(file, e.getMessage()));
    } catch (MarkedYamlEngineException e) {
      problems.add(
          "%s:%d: not YAML (%s)"
              .formatted(file, line(e.getProblemMark()), oneLine(e.getProblem())));
    } catch (YamlEngineException e) {
      problems.add("%s: not YAML (%s)".formatted(file, oneLine(String.valueOf(e.getMessage()))));
    }
    return source.settings;
  }

  private void document(Node root) {
    if (root instanceof MappingNode mapping) {
      mapping.getValue().forEach(this::entry);
    } else if (!isNothing(root)) {
      problems.add("%s:%d: expected lines of 'key: value'".formatted(file, line(root)));
    }
  }

  private void entry(NodeTuple tuple) {
    int line = line(tuple.getKeyNode());
    if (!(tuple.getKeyNode() instanceof ScalarNode keyNode)) {
      problems.add("%s:%d: expected 'key: value'".formatted(file, line));
      return;
    }
    String key = keyNode.getValue();
    Integer earlier = lines.putIfAbsent(key, line);
    if (earlier != null) {
      problems.add("%s: given twice, %s:%d and line %d".formatted(key, file, earlier, line));
      return;
    }
    Origin origin = Origin.line(file, line);
    Node value = tuple.getValueNode();
    if (value instanceof ScalarNode scalar) {
      settings.add(Setting.text(key, text(scalar), origin, base));
    } else if (value instanceof SequenceNode sequence
        && sequence.getValue().stream().allMatch(ScalarNode.class::isInstance)) {
      List<String> items =
          sequence.getValue().stream().map(item -> text((ScalarNode) item)).toList();
      settings.add(Setting.list(key, items, origin, base));
    } else if (value instanceof SequenceNode sequence
        && takesOptions(key)
        && sequence.getValue().stream().allMatch(YamlSource::isLocation)) {
      List<String> items = sequence.getValue().stream().map(YamlSource::location).toList();
      settings.add(Setting.list(key, items, origin, base));
    } else if (value instanceof MappingNode map && takesMap(key) && isFlat(map)) {
      settings.add(Setting.list(key, items(map), origin, base));
    } else {
      problems.add(
          "%s: nested (expected a value or a list%s), from %s"
              .formatted(key, takesOptions(key) ? ", of maps with a url if need be" : "", origin));
    }
  }

  private static boolean takesMap(String key) {
    return ConfigKey.named(key).map(ConfigKey::takesMap).orElse(false);
  }

  private static boolean takesOptions(String key) {
    return ConfigKey.named(key).map(ConfigKey::takesOptions).orElse(false);
  }

  /** A text, or a map of texts with a url among them. */
  private static boolean isLocation(Node item) {
    return item instanceof ScalarNode
        || (item instanceof MappingNode map
            && isFlat(map)
            && items(map).stream().anyMatch(entry -> entry.startsWith(URL)));
  }

  /** As it is written elsewhere: {@code URL option=value}. */
  private static String location(Node item) {
    if (!(item instanceof MappingNode map)) {
      return text((ScalarNode) item);
    }
    List<String> entries = new ArrayList<>(items(map));
    String url = entries.stream().filter(entry -> entry.startsWith(URL)).findFirst().orElseThrow();
    entries.remove(url);
    entries.addFirst(url.substring(URL.length()));
    return String.join(" ", entries);
  }

  private static boolean isFlat(MappingNode map) {
    return map.getValue().stream()
        .allMatch(
            entry ->
                entry.getKeyNode() instanceof ScalarNode
                    && entry.getValueNode() instanceof ScalarNode);
  }

  private static List<String> items(MappingNode map) {
    return map.getValue().stream()
        .map(
            entry ->
                text((ScalarNode) entry.getKeyNode())
                    + "="
                    + text((ScalarNode) entry.getValueNode()))
        .toList();
  }

  private static String text(ScalarNode scalar) {
    return isNothing(scalar) ? "" : scalar.getValue();
  }

  private static boolean isNothing(Node node) {
    return node.getTag().equals(Tag.NULL);
  }

  private static int line(Node node) {
    return line(node.getStartMark());
  }

  private static int line(Optional<Mark> mark) {
    return mark.map(Mark::getLine).orElse(0) + 1;
  }

  private static String oneLine(String message) {
    return message.lines().findFirst().orElse("");
  }
}
