// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * What one source says about one key, before the key is looked up and the text understood.
 *
 * @param items the texts; one, unless the key takes a list
 * @param base the folder that relative paths start at
 */
public record Setting(String key, List<String> items, boolean isList, Origin origin, Path base) {
  private static final Path WORKING_DIRECTORY = Path.of("");

  public Setting {
    items = List.copyOf(items);
  }

  /** A setting of one text, which a key that takes a list will split at commas. */
  public static Setting text(String key, String text, Origin origin) {
    return text(key, text, origin, WORKING_DIRECTORY);
  }

  static Setting text(String key, String text, Origin origin, Path base) {
    return new Setting(key, List.of(text), false, origin, base);
  }

  /** A setting of several texts. */
  public static Setting list(String key, List<String> items, Origin origin) {
    return list(key, items, origin, WORKING_DIRECTORY);
  }

  static Setting list(String key, List<String> items, Origin origin, Path base) {
    return new Setting(key, items, true, origin, base);
  }

  List<String> split() {
    if (isList) {
      return items;
    }
    return Arrays.stream(items.getFirst().split(","))
        .map(String::strip)
        .filter(item -> !item.isEmpty())
        .toList();
  }

  /** The value as the source wrote it, for messages. */
  String shown() {
    String text = withoutCredentials(String.join(", ", items));
    return isList ? "[" + text + "]" : text.isEmpty() ? "nothing" : text;
  }

  /** Without what somebody has written into an address before the host: it would be in logs. */
  static String withoutCredentials(String text) {
    return text.replaceAll("//[^/@\\s]*@", "//…@");
  }
}
