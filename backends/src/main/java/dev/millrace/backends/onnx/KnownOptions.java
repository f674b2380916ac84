// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.Nearest;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * A provider's options, by its own keys. ONNX Runtime takes unknown ones without a word: here they
 * are an error.
 *
 * @param prefix before the keys in a model's configuration
 * @param known what their values may be
 * @param elsewhere what has a key of its own, by what is to be said instead
 */
record KnownOptions(String prefix, Map<String, Value> known, Map<String, String> elsewhere) {
  static final Value YES_OR_NO = matching("0 or 1", "[01]");
  static final Value NUMBER = matching("a whole number", "\\d{1,9}");
  static final Value TEXT = matching("something", ".+");

  /**
   * What an option may be.
   *
   * @param expected in words
   */
  record Value(String expected, Predicate<String> isValid) {}

  static Value oneOf(String... words) {
    return new Value("one of " + String.join(", ", words), List.of(words)::contains);
  }

  private static Value matching(String expected, String pattern) {
    return new Value(expected, Pattern.compile(pattern).asMatchPredicate());
  }

  /** Takes its own out of a model's options, and adds what is wrong with them to the problems. */
  Map<String, String> taken(Map<String, String> engine, Collection<String> problems) {
    Map<String, String> taken = new TreeMap<>();
    new TreeMap<>(engine)
        .forEach(
            (key, value) -> {
              if (key.startsWith(prefix)) {
                String name = key.substring(prefix.length());
                problem(name, value).ifPresent(problems::add);
                taken.put(name, value);
              }
            });
    return taken;
  }

  private Optional<String> problem(String name, String value) {
    Value expected = known.get(name);
    if (expected == null) {
      return Optional.of("unknown option '%s%s'%s".formatted(prefix, name, hint(name)));
    }
    return expected.isValid.test(value)
        ? Optional.empty()
        : Optional.of("%s%s: '%s' (expected %s)".formatted(prefix, name, value, expected.expected));
  }

  private String hint(String name) {
    return Optional.ofNullable(elsewhere.get(name))
        .map(where -> " (expected %s beside engine)".formatted(where))
        .orElseGet(() -> Nearest.hint(name, known.keySet()));
  }
}
