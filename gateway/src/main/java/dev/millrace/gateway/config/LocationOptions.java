// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * How one place on another machine is reached, as it was written: {@code URL option=value …}.
 * Values are in no message, since somebody may have written a secret there.
 */
record LocationOptions(String url, SequencedMap<String, String> values, Path base) {

  /** Blanks are part of a value unless the next option begins behind them. */
  private static final String BETWEEN = "\\s+(?=[a-z_]+=)";

  static LocationOptions split(String item, Path base) throws ValueProblem {
    String[] words = item.strip().split(BETWEEN, -1);
    SequencedMap<String, String> values = new LinkedHashMap<>();
    for (int i = 1; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      String name = words[i].substring(0, equals);
      if (values.put(name, words[i].substring(equals + 1)) != null) {
        throw new ValueProblem("%s: %s given twice".formatted(words[0], name));
      }
    }
    return new LocationOptions(words[0], values, base);
  }

  /** As it is written, in the order given. */
  static String join(String url, Map<String, ? extends Optional<?>> options) {
    StringBuilder text = new StringBuilder(url);
    options.forEach(
        (name, value) ->
            value.ifPresent(there -> text.append(' ').append(name).append('=').append(there)));
    return text.toString();
  }

  /** The url is that of no place: empty, unless there are values that a message must not show. */
  <T> Optional<T> none() throws ValueProblem {
    if (!values.isEmpty()) {
      throw new ValueProblem(
          "%s: takes no options, or is no place".formatted(Setting.withoutCredentials(url)));
    }
    return Optional.empty();
  }

  void requireKnown(List<String> names) throws ValueProblem {
    for (String name : values.keySet()) {
      if (!names.contains(name)) {
        throw new ValueProblem(
            "%s: unknown option '%s'%s (expected %s)"
                .formatted(
                    url, name, ConfigLoader.suggestion(name, names), String.join(", ", names)));
      }
    }
  }

  void requireTogether(String one, String other) throws ValueProblem {
    if (values.containsKey(one) != values.containsKey(other)) {
      throw new ValueProblem(
          values.containsKey(one)
              ? "%s: %s without %s".formatted(url, one, other)
              : "%s: %s without %s".formatted(url, other, one));
    }
  }

  Optional<String> text(String name) throws ValueProblem {
    String value = values.get(name);
    if (value != null && value.isBlank()) {
      throw new ValueProblem("%s: %s: nothing (expected a text)".formatted(url, name));
    }
    return Optional.ofNullable(value);
  }

  Optional<Path> path(String name) throws ValueProblem {
    Optional<String> text = text(name);
    try {
      return text.map(base::resolve);
    } catch (InvalidPathException e) {
      throw new ValueProblem("%s: %s: no path".formatted(url, name));
    }
  }

  Optional<URI> server(String name) throws ValueProblem {
    Optional<String> text = text(name);
    Optional<URI> server = text.flatMap(ModelLocation::server);
    if (text.isPresent() && server.isEmpty()) {
      throw new ValueProblem(
          "%s: %s: no server (expected http://HOST:PORT or https://HOST:PORT)"
              .formatted(url, name));
    }
    return server;
  }
}
