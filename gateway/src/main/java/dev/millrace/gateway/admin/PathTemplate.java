// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A path with names of fields in braces, such as {@code /deployments/{spec.name}}. */
final class PathTemplate {
  private static final Pattern FIELD = Pattern.compile("\\{([^}]+)}");

  private final List<String> fields = new ArrayList<>();
  private final Pattern pattern;

  PathTemplate(String template) {
    Matcher field = FIELD.matcher(template);
    StringBuilder regex = new StringBuilder();
    int end = 0;
    while (field.find()) {
      fields.add(field.group(1));
      regex.append(Pattern.quote(template.substring(end, field.start()))).append("([^/:]+)");
      end = field.end();
    }
    pattern = Pattern.compile(regex.append(Pattern.quote(template.substring(end))).toString());
  }

  /** The fields' values, if the path is one of these. */
  Optional<Map<String, String>> match(String rawPath) {
    Matcher matcher = pattern.matcher(rawPath);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    Map<String, String> values = new LinkedHashMap<>();
    for (int i = 0; i < fields.size(); i++) {
      values.put(fields.get(i), URLDecoder.decode(matcher.group(i + 1), StandardCharsets.UTF_8));
    }
    return Optional.of(values);
  }
}
