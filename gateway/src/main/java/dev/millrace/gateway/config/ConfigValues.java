// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.util.HashMap;
import java.util.Map;

/** A value for every key, and where each came from. Immutable. */
public final class ConfigValues {
  private record Given(Object value, Origin origin) {}

  private static final ConfigValues DEFAULTS = new ConfigValues(Map.of());

  private final Map<ConfigKey<?>, Given> given;

  private ConfigValues(Map<ConfigKey<?>, Given> given) {
    this.given = given;
  }

  /** Nothing given: every key has its default. */
  public static ConfigValues defaults() {
    return DEFAULTS;
  }

  /** The same with one key set by the program itself; the value must be allowed. */
  public <T> ConfigValues with(ConfigKey<T> key, T value) {
    return with(key, value, new Origin("program"));
  }

  <T> ConfigValues with(ConfigKey<T> key, T value, Origin origin) {
    Map<ConfigKey<?>, Given> more = new HashMap<>(given);
    more.put(key, new Given(key.require(value), origin));
    return new ConfigValues(Map.copyOf(more));
  }

  // with() ties the type of a value to its key
  @SuppressWarnings("unchecked")
  public <T> T get(ConfigKey<T> key) {
    Given found = given.get(key);
    return found == null ? key.defaultValue() : (T) found.value();
  }

  public Origin origin(ConfigKey<?> key) {
    Given found = given.get(key);
    return found == null ? Origin.DEFAULT : found.origin();
  }

  /** The value as a person would write it. */
  public <T> String text(ConfigKey<T> key) {
    return key.format(get(key));
  }
}
