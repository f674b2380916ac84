// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;
import org.snakeyaml.engine.v2.api.ConstructNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.schema.JsonSchema;

/** YAML whose numbers keep the digits that they were written with: 1.10 is not 1.1. */
final class LiteralNumbers extends JsonSchema {

  @Override
  public Map<Tag, ConstructNode> getSchemaTagConstructors() {
    Map<Tag, ConstructNode> constructs = new HashMap<>(super.getSchemaTagConstructors());
    constructs.computeIfPresent(Tag.FLOAT, (tag, usual) -> node -> number(node, usual));
    return constructs;
  }

  private static Object number(Node node, ConstructNode usual) {
    if (node instanceof ScalarNode scalar
        && !scalar.getValue().contains(".inf")
        && !scalar.getValue().contains(".nan")) {
      return new BigDecimal(scalar.getValue());
    }
    return usual.construct(node);
  }
}
