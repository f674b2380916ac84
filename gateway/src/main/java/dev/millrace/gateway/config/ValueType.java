// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import dev.millrace.backends.model.Units;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How the texts of a setting become a value, and which values will do.
 *
 * @param expected what to write, for messages and the reference page: {@code 0..65535}
 * @param isList whether the setting takes any number of texts instead of one
 * @param isMap whether each of those texts is a {@code name=value}
 * @param hasOptions whether each of those texts may go on with {@code option=value}
 */
record ValueType<T>(
    String expected,
    boolean isList,
    boolean isMap,
    boolean hasOptions,
    Parser<T> parser,
    Predicate<T> isValid,
    Function<T, String> format) {

  private static final Pattern HEADER = Pattern.compile("[a-z0-9_.-]{1,64}");

  /** What a header can hold, and a list of settings can say. */
  private static final Pattern TENANT =
      Pattern.compile("[!-~&&[^,]]([ -~&&[^,]]{0,126}[!-~&&[^,]])?");

  private static final Pattern DECIMAL = Pattern.compile("[0-9]{1,9}(\\.[0-9]{1,9})?");

  /** Understands the texts of one setting; empty if they are not of this type. */
  interface Parser<T> {
    Optional<T> parse(List<String> items, Path base) throws ValueProblem;
  }

  Optional<T> parse(Setting setting) throws ValueProblem {
    if (isList) {
      return parser.parse(setting.split(), setting.base()).filter(isValid);
    }
    if (setting.isList()) {
      return Optional.empty();
    }
    return parser
        .parse(List.of(setting.items().getFirst().strip()), setting.base())
        .filter(isValid);
  }

  static ValueType<Integer> number(int min, int max) {
    return single(
        min + ".." + max,
        (text, base) -> integer(text),
        value -> value >= min && value <= max,
        value -> Integer.toString(value));
  }

  static ValueType<Integer> size(int min, int max) {
    return single(
        "a size such as 64KiB or 256MiB, %s..%s".formatted(Units.show(min), Units.show(max)),
        (text, base) -> {
          OptionalLong bytes = Units.bytes(text);
          return bytes.isPresent() && bytes.getAsLong() <= Integer.MAX_VALUE
              ? Optional.of((int) bytes.getAsLong())
              : Optional.empty();
        },
        value -> value >= min && value <= max,
        value -> Units.show(value));
  }

  static ValueType<Duration> duration(Duration min, Duration max) {
    return single(
        "a duration such as 500ms, 2s or 1m, %s..%s".formatted(Units.show(min), Units.show(max)),
        (text, base) -> {
          OptionalLong nanos = Units.nanos(text);
          return nanos.isPresent()
              ? Optional.of(Duration.ofNanos(nanos.getAsLong()))
              : Optional.empty();
        },
        value -> value.compareTo(min) >= 0 && value.compareTo(max) <= 0,
        Units::show);
  }

  static <E extends Enum<E>> ValueType<E> oneOf(Class<E> kind) {
    List<E> values = List.of(kind.getEnumConstants());
    return single(
        values.stream().map(ValueType::lower).collect(Collectors.joining("|")),
        (text, base) -> values.stream().filter(value -> lower(value).equals(text)).findFirst(),
        value -> true,
        ValueType::lower);
  }

  static ValueType<String> text(String expected) {
    return single(
        expected, (text, base) -> Optional.of(text), value -> !value.isBlank(), value -> value);
  }

  /** A header's name as HTTP/2 has it, or nothing for none. */
  static ValueType<String> header() {
    return single(
        "the name of a header: letters, digits, '-', '_' and '.'; not ending in '-bin'",
        (text, base) -> Optional.of(text.toLowerCase(Locale.ROOT)),
        name -> name.isEmpty() || (HEADER.matcher(name).matches() && !name.endsWith("-bin")),
        name -> name);
  }

  /** Positive numbers by name, in the order given. */
  static ValueType<SequencedMap<String, Double>> weights(int most) {
    return new ValueType<>(
        "at most " + most + " names, each with a number above 0 and up to 1000000",
        true,
        true,
        false,
        (items, base) -> weightsOf(items),
        weights ->
            weights.size() <= most
                && weights.keySet().stream().allMatch(name -> TENANT.matcher(name).matches())
                && weights.values().stream().allMatch(w -> w > 0 && w <= 1_000_000),
        weights ->
            weights.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + shown(entry.getValue()))
                .collect(Collectors.joining(", ")));
  }

  private static Optional<SequencedMap<String, Double>> weightsOf(List<String> items) {
    SequencedMap<String, Double> weights = new LinkedHashMap<>();
    for (String item : items) {
      int equals = item.lastIndexOf('=');
      Optional<Double> weight = equals < 0 ? Optional.empty() : decimal(item.substring(equals + 1));
      if (weight.isEmpty()
          || weights.put(item.substring(0, equals).strip(), weight.get()) != null) {
        return Optional.empty();
      }
    }
    return Optional.of(weights);
  }

  private static Optional<Double> decimal(String text) {
    try {
      return DECIMAL.matcher(text.strip()).matches()
          ? Optional.of(Double.parseDouble(text.strip()))
          : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static String shown(double weight) {
    return weight == Math.rint(weight) ? Long.toString((long) weight) : Double.toString(weight);
  }

  static ValueType<Path> path() {
    return single("a path", ValueType::pathOf, value -> true, Path::toString);
  }

  /** A path, or nothing. */
  static ValueType<Optional<Path>> optionalPath() {
    return single(
        "a path, or nothing",
        (text, base) -> {
          Optional<Path> path = pathOf(text, base);
          return text.isEmpty() || path.isPresent() ? Optional.of(path) : Optional.empty();
        },
        value -> true,
        value -> value.map(Path::toString).orElse(""));
  }

  /** Names of models, or {@code *}. */
  static ValueType<List<String>> names() {
    return new ValueType<>(
        "a list of models' names, or *",
        true,
        false,
        false,
        (items, base) -> Optional.of(List.copyOf(items)),
        value -> value.stream().noneMatch(String::isBlank),
        value -> String.join(", ", value));
  }

  /** Places that hold models. */
  static ValueType<List<ModelLocation>> locations(
      String expected, Predicate<ModelLocation> isAllowed) {
    return new ValueType<>(
        expected,
        true,
        false,
        true,
        ValueType::locationsOf,
        value -> value.stream().allMatch(isAllowed),
        value -> value.stream().map(ModelLocation::toString).collect(Collectors.joining(", ")));
  }

  private static Optional<List<ModelLocation>> locationsOf(List<String> items, Path base)
      throws ValueProblem {
    List<ModelLocation> all = new ArrayList<>();
    for (String item : items) {
      ModelLocation.parse(item, base).ifPresent(all::add);
    }
    return all.size() == items.size() ? Optional.of(all) : Optional.empty();
  }

  /** A server's address, or nothing. */
  static ValueType<Optional<URI>> optionalServer() {
    return single(
        "http://HOST:PORT or https://HOST:PORT, or nothing",
        (text, base) -> {
          Optional<URI> server = ModelLocation.server(text);
          return text.isEmpty() || server.isPresent() ? Optional.of(server) : Optional.empty();
        },
        value -> true,
        value -> value.map(URI::toString).orElse(""));
  }

  /** A text, or nothing. */
  static ValueType<Optional<String>> optionalText(String expected) {
    return single(
        expected + ", or nothing",
        (text, base) -> Optional.of(text.isEmpty() ? Optional.<String>empty() : Optional.of(text)),
        value -> true,
        value -> value.orElse(""));
  }

  /** A size, or nothing. */
  static ValueType<Optional<Long>> optionalBytes(long min, long max) {
    ValueType<Long> size = bytes(min, max);
    return single(
        size.expected + ", or nothing",
        (text, base) -> {
          OptionalLong bytes = Units.bytes(text);
          if (bytes.isPresent()) {
            return Optional.of(Optional.of(bytes.getAsLong()));
          }
          return text.isEmpty() ? Optional.of(Optional.<Long>empty()) : Optional.empty();
        },
        value -> value.map(size.isValid::test).orElse(true),
        value -> value.map(size.format).orElse(""));
  }

  static ValueType<Long> bytes(long min, long max) {
    return single(
        "a size such as 500MiB or 20GiB, %s..%s".formatted(Units.show(min), Units.show(max)),
        (text, base) -> {
          OptionalLong bytes = Units.bytes(text);
          return bytes.isPresent() ? Optional.of(bytes.getAsLong()) : Optional.empty();
        },
        value -> value >= min && value <= max,
        value -> Units.show(value));
  }

  private interface SingleParser<T> {
    Optional<T> parse(String text, Path base);
  }

  private static <T> ValueType<T> single(
      String expected, SingleParser<T> parser, Predicate<T> isValid, Function<T, String> format) {
    return new ValueType<>(
        expected,
        false,
        false,
        false,
        (items, base) -> parser.parse(items.getFirst(), base),
        isValid,
        format);
  }

  private static Optional<Integer> integer(String text) {
    try {
      return Optional.of(Integer.parseInt(text));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static Optional<Path> pathOf(String text, Path base) {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(base.resolve(text));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
