// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * The settings of a running gateway: what it was started with, and what was changed since. A change
 * holds until the gateway stops. Any thread.
 */
public final class LiveSettings {

  /** What only those may know who have it anyway: names of users, and where secrets lie. */
  private static final Set<ConfigKey<?>> SECRET =
      Set.of(
          ConfigKey.ADMIN_TOKEN_FILE,
          ConfigKey.MLFLOW_USERNAME,
          ConfigKey.MLFLOW_PASSWORD_FILE,
          ConfigKey.MLFLOW_TOKEN_FILE,
          ConfigKey.MLFLOW_WEBHOOK_SECRET_FILE);

  /** The same of a single registry: an option, and its value up to the next one or the end. */
  private static final Pattern SECRET_OPTION =
      Pattern.compile(
          "\\b(username|password_file|token_file|access_key_id|secret_access_key_file)="
              + ".*?(?=\\s+[a-z_]+=|,\\s|\\]|$)");

  private final List<Changeable<?>> changeable;
  private volatile ConfigValues values;

  /**
   * @param started what the gateway was started with
   * @param changeable what may be changed while it runs
   */
  public LiveSettings(ConfigValues started, List<Changeable<?>> changeable) {
    this.values = started;
    this.changeable = List.copyOf(changeable);
  }

  /**
   * A setting that may be changed.
   *
   * @param apply makes a value hold that is allowed
   */
  public record Changeable<T>(ConfigKey<T> key, Consumer<T> apply) {

    private Optional<ConfigValues> change(ConfigValues before, Setting setting)
        throws ValueProblem {
      Optional<T> value = key.parse(setting);
      value.ifPresent(apply);
      return value.map(allowed -> before.with(key, allowed, setting.origin()));
    }
  }

  /**
   * A setting as people see it.
   *
   * @param value as one would write it; {@code set} or {@code not set} where it is not to be seen
   * @param expected what values there may be
   * @param isChangeable whether it may be changed while the gateway runs
   */
  public record Shown(
      String key, String value, String origin, String expected, boolean isChangeable) {}

  /** What came of a change. */
  public sealed interface Outcome {

    /** It holds. */
    record Changed(String before, Shown now) implements Outcome {}

    /** There is no such setting. */
    record Unknown(String problem) implements Outcome {}

    /** It is what it was when the gateway was started. */
    record Fixed(String problem) implements Outcome {}

    /** It cannot have that value. */
    record Invalid(String problem) implements Outcome {}
  }

  /** All of them, in the order in which a person wants to read them. */
  public List<Shown> all() {
    ConfigValues now = values;
    return ConfigKey.ALL.stream().map(key -> shown(now, key)).toList();
  }

  /**
   * Changes one.
   *
   * @param origin who does it
   */
  public synchronized Outcome change(String name, String text, Origin origin) {
    Optional<ConfigKey<?>> key = ConfigKey.named(name);
    if (key.isEmpty()) {
      List<String> names = ConfigKey.ALL.stream().map(ConfigKey::name).toList();
      return new Outcome.Unknown(
          "unknown setting '%s'%s".formatted(name, ConfigLoader.suggestion(name, names)));
    }
    Optional<Changeable<?>> found = changeable(key.get());
    if (found.isEmpty()) {
      return new Outcome.Fixed(fixed(key.get()));
    }
    ConfigValues before = values;
    Optional<ConfigValues> after;
    try {
      after = found.get().change(before, Setting.text(name, text, origin));
    } catch (ValueProblem e) {
      return new Outcome.Invalid(name + ": " + e.text());
    }
    if (after.isEmpty()) {
      return new Outcome.Invalid(key.get().problem(text.isEmpty() ? "nothing" : text));
    }
    values = after.get();
    return new Outcome.Changed(before.text(key.get()), shown(values, key.get()));
  }

  private String fixed(ConfigKey<?> key) {
    return "%s: fixed while the gateway runs, from %s (expected one of %s)"
        .formatted(
            key,
            values.origin(key),
            String.join(", ", changeable.stream().map(one -> one.key().name()).toList()));
  }

  private Optional<Changeable<?>> changeable(ConfigKey<?> key) {
    return changeable.stream().filter(one -> one.key() == key).findFirst();
  }

  private Shown shown(ConfigValues now, ConfigKey<?> key) {
    String text = now.text(key);
    return new Shown(
        key.name(),
        SECRET.contains(key)
            ? text.isEmpty() ? "not set" : "set"
            : SECRET_OPTION.matcher(text).replaceAll("$1=set"),
        now.origin(key).text(),
        key.expected(),
        changeable(key).isPresent());
  }
}
