// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.List;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** Parses YAML into nodes that know their lines. */
final class YamlTree {

  /** Deeper than anything a manifest means; the composer recurses. */
  private static final int MAX_DEPTH = 20;

  private YamlTree() {}

  /** The document's root; empty for a file with nothing but comments. */
  static Optional<Node> parse(String fileName, String text) throws ManifestException {
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel(fileName)
            .setAllowNonScalarKeys(true) // so that what is said of them has a line
            .build();
    try {
      if (isTooDeep(settings, text)) {
        throw problem(fileName + ": nested more than " + MAX_DEPTH + " deep");
      }
      return new Compose(settings).composeString(text);
    } catch (MarkedYamlEngineException e) {
      String line = e.getProblemMark().map(mark -> ":" + (mark.getLine() + 1)).orElse("");
      throw problem(fileName + line + ": " + e.getProblem());
    } catch (YamlEngineException e) {
      throw problem(fileName + ": " + e.getMessage());
    }
  }

  /** Looks no further than it must: the parser's time grows with the square of the depth. */
  private static boolean isTooDeep(LoadSettings settings, String text) {
    int depth = 0;
    for (Event event : new Parse(settings).parseString(text)) {
      switch (event.getEventId()) {
        case MappingStart, SequenceStart -> depth++;
        case MappingEnd, SequenceEnd -> depth--;
        case Alias, Comment, DocumentEnd, DocumentStart, Scalar, StreamEnd, StreamStart -> {}
      }
      if (depth > MAX_DEPTH) {
        return true;
      }
    }
    return false;
  }

  /** The node's line, counted from 1. */
  static int line(Node node) {
    return node.getStartMark().map(Mark::getLine).orElse(0) + 1;
  }

  private static ManifestException problem(String problem) {
    return new ManifestException(List.of(problem));
  }
}
