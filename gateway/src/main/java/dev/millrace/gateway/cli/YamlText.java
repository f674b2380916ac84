// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** JSON values as YAML for people. */
final class YamlText {
  private static final DumpSettings SETTINGS =
      DumpSettings.builder()
          .setDefaultFlowStyle(FlowStyle.BLOCK)
          // so that one document after the other is a stream of them
          .setExplicitStart(true)
          .build();

  private YamlText() {}

  /** Writes one document. */
  static String write(Json value) {
    return new Dump(SETTINGS).dumpToString(plain(value));
  }

  private static @Nullable Object plain(Json value) {
    return switch (value) {
      case Json.Members members -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        members.members().forEach((name, member) -> map.put(name, plain(member)));
        yield map;
      }
      case Json.Items items -> {
        List<@Nullable Object> list = new ArrayList<>();
        items.items().forEach(item -> list.add(plain(item)));
        yield list;
      }
      case Json.Text text -> text.text();
      case Json.Num number -> number(number.literal());
      case Json.Bool bool -> bool.value();
      case Json.Null nothing -> null;
    };
  }

  private static Object number(String literal) {
    boolean whole = literal.matches("-?\\d{1,18}");
    return whole ? (Object) Long.valueOf(literal) : Double.valueOf(literal);
  }
}
