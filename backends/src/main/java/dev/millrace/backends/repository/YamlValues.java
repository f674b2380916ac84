// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.Nearest;
import dev.millrace.backends.model.Units;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Reads typed values from YAML nodes; whatever is not as expected becomes a problem. */
final class YamlValues {
  /** Whole numbers that fit into an int, and their product into a long. */
  private static final Pattern DURATION = Pattern.compile("(\\d{1,6}) ?(ms|s|m|h)");

  private static final Map<String, Long> UNIT_NANOS =
      Map.of("ms", 1_000_000L, "s", 1_000_000_000L, "m", 60_000_000_000L, "h", 3_600_000_000_000L);

  private final ManifestProblems problems;

  YamlValues(ManifestProblems problems) {
    this.problems = problems;
  }

  void problem(Node node, String what) {
    problems.add(YamlTree.line(node), what);
  }

  void unexpected(Node node, String path, String expected) {
    String what = path.isEmpty() ? "" : path + ": ";
    problem(node, what + describe(node) + " (expected " + expected + ")");
  }

  /** The entries of a map whose keys are plain; with {@code known} keys only, unless empty. */
  Map<String, Node> map(Node node, String path, Collection<String> known) {
    Map<String, Node> entries = new LinkedHashMap<>();
    if (!(node instanceof MappingNode mapping)) {
      unexpected(node, path, "a map");
      return entries;
    }
    String prefix = path.isEmpty() ? "" : path + ".";
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode keyNode)) {
        unexpected(tuple.getKeyNode(), prefix + "key", "a name");
        continue;
      }
      String key = keyNode.getValue();
      String shown = prefix + Names.printable(key);
      if (!known.isEmpty() && !known.contains(key)) {
        problem(keyNode, shown + ": unknown key" + Nearest.hint(key, known));
      } else if (entries.putIfAbsent(key, tuple.getValueNode()) != null) {
        problem(keyNode, shown + ": given twice");
      }
    }
    return entries;
  }

  List<Node> list(Node node, String path, String expected) {
    if (node instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    unexpected(node, path, expected);
    return List.of();
  }

  Optional<String> text(Node node, String path, String expected) {
    if (node instanceof ScalarNode scalar
        && !node.getTag().equals(Tag.NULL)
        && !scalar.getValue().isBlank()) {
      return Optional.of(scalar.getValue());
    }
    unexpected(node, path, expected);
    return Optional.empty();
  }

  OptionalLong integer(Node node, String path, long min, long max, String expected) {
    if (node instanceof ScalarNode scalar && node.getTag().equals(Tag.INT)) {
      try {
        long value = Long.parseLong(scalar.getValue());
        if (value >= min && value <= max) {
          return OptionalLong.of(value);
        }
      } catch (NumberFormatException e) {
        // more digits than a long has: out of range as well
      }
    }
    unexpected(node, path, expected);
    return OptionalLong.empty();
  }

  /** A duration in nanoseconds, longer than none. */
  OptionalLong nanos(Node node, String path, String expected) {
    if (node instanceof ScalarNode scalar) {
      Matcher matcher = DURATION.matcher(scalar.getValue());
      if (matcher.matches()) {
        long nanos =
            UNIT_NANOS.getOrDefault(matcher.group(2), 0L) * Integer.parseInt(matcher.group(1));
        if (nanos > 0) {
          return OptionalLong.of(nanos);
        }
      }
    }
    unexpected(node, path, expected);
    return OptionalLong.empty();
  }

  Optional<Boolean> bool(Node node, String path) {
    if (node instanceof ScalarNode scalar && node.getTag().equals(Tag.BOOL)) {
      return Optional.of(Boolean.valueOf(scalar.getValue()));
    }
    unexpected(node, path, "true or false");
    return Optional.empty();
  }

  /** A duration with its unit, in nanoseconds. */
  OptionalLong nanos(Node node, String path, long min, long max, String expected) {
    if (node instanceof ScalarNode scalar) {
      OptionalLong nanos = Units.nanos(scalar.getValue());
      if (nanos.isPresent() && nanos.getAsLong() >= min && nanos.getAsLong() <= max) {
        return nanos;
      }
    }
    unexpected(node, path, expected);
    return OptionalLong.empty();
  }

  /** A size, with or without a unit. */
  OptionalLong bytes(Node node, String path, long min, long max, String expected) {
    if (node instanceof ScalarNode scalar) {
      OptionalLong bytes = Units.bytes(scalar.getValue());
      if (bytes.isPresent() && bytes.getAsLong() >= min && bytes.getAsLong() <= max) {
        return bytes;
      }
    }
    unexpected(node, path, expected);
    return OptionalLong.empty();
  }

  /** One of a few words. */
  <E> Optional<E> oneOf(Node node, String path, Map<String, E> words, String expected) {
    if (node instanceof ScalarNode scalar) {
      E meant = words.get(scalar.getValue());
      if (meant != null) {
        return Optional.of(meant);
      }
    }
    unexpected(node, path, expected);
    return Optional.empty();
  }

  static String describe(Node node) {
    return switch (node) {
      case ScalarNode scalar -> describe(scalar);
      case SequenceNode sequence -> "a list";
      case MappingNode mapping -> "a map";
      default -> "something else";
    };
  }

  private static String describe(ScalarNode scalar) {
    if (scalar.getTag().equals(Tag.NULL)) {
      return "nothing";
    }
    return scalar.isPlain() ? Names.printable(scalar.getValue()) : Names.quoted(scalar.getValue());
  }
}
