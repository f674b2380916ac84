// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import dev.millrace.backends.model.Nearest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Lays the sources over each other: defaults, then the file, the environment, the flags; the last
 * that says something about a key wins. Whatever is wrong in any of them is reported at once, even
 * where a later source would win: it is wrong all the same.
 */
public final class ConfigLoader {
  private final Map<String, String> environment;
  private final List<String> problems = new ArrayList<>();
  private final Set<ConfigKey<?>> failed = new HashSet<>();
  private ConfigValues values = ConfigValues.defaults();

  private ConfigLoader(Map<String, String> environment) {
    this.environment = environment;
  }

  /** Loads; the file is the one that {@code MILLRACE_CONFIG} names, if it does. */
  public static ConfigValues load(Map<String, String> environment, List<Setting> flags)
      throws ConfigException {
    Optional<Path> file = Environment.configFile(environment);
    return file.isPresent()
        ? load(file.get(), environment, flags)
        : new ConfigLoader(environment).run(List.of(), flags);
  }

  /** Loads with a given file. */
  public static ConfigValues load(Path file, Map<String, String> environment, List<Setting> flags)
      throws ConfigException {
    ConfigLoader loader = new ConfigLoader(environment);
    return loader.run(YamlSource.read(file, loader.problems), flags);
  }

  private ConfigValues run(List<Setting> file, List<Setting> flags) throws ConfigException {
    file.forEach(this::add);
    Environment.settings(environment, problems).forEach(this::add);
    flags.forEach(this::add);
    checkPorts();
    checkTenants();
    checkMlflow();
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    return values;
  }

  private void add(Setting setting) {
    Optional<ConfigKey<?>> key = ConfigKey.named(setting.key());
    if (key.isPresent()) {
      add(key.get(), setting);
    } else {
      List<String> names = ConfigKey.ALL.stream().map(ConfigKey::name).toList();
      problems.add(
          "unknown key '%s'%s, from %s"
              .formatted(setting.key(), suggestion(setting.key(), names), setting.origin()));
    }
  }

  private <T> void add(ConfigKey<T> key, Setting setting) {
    try {
      Optional<T> value = key.parse(setting);
      if (value.isPresent()) {
        values = values.with(key, value.get(), setting.origin());
      } else {
        failed.add(key);
        problems.add(key.problem(setting.shown()) + ", from " + setting.origin());
      }
    } catch (ValueProblem e) {
      failed.add(key);
      problems.add("%s: %s, from %s".formatted(key, e.text(), setting.origin()));
    }
  }

  private void checkPorts() {
    int grpcPort = values.get(ConfigKey.GRPC_PORT);
    int httpPort = values.get(ConfigKey.HTTP_PORT);
    // where one was not understood, the other may collide with a default that nobody asked for
    boolean understood =
        !failed.contains(ConfigKey.GRPC_PORT) && !failed.contains(ConfigKey.HTTP_PORT);
    if (understood && GatewayConfig.Listen.isSamePort(grpcPort, httpPort)) {
      problems.add(
          "%s, from %s"
              .formatted(
                  GatewayConfig.Listen.samePort(httpPort), values.origin(ConfigKey.HTTP_PORT)));
    }
  }

  private void checkTenants() {
    boolean understood = !failed.contains(ConfigKey.TENANT_HEADER);
    if (understood
        && values.get(ConfigKey.TENANT_HEADER).isEmpty()
        && !values.get(ConfigKey.TENANT_WEIGHTS).isEmpty()) {
      problems.add(
          "%s: given without %s, from %s"
              .formatted(
                  ConfigKey.TENANT_WEIGHTS,
                  ConfigKey.TENANT_HEADER,
                  values.origin(ConfigKey.TENANT_WEIGHTS)));
    }
  }

  private void checkMlflow() {
    boolean isNamed = values.get(ConfigKey.MLFLOW_USERNAME).isPresent();
    if (isNamed != values.get(ConfigKey.MLFLOW_PASSWORD_FILE).isPresent()) {
      ConfigKey<?> given = isNamed ? ConfigKey.MLFLOW_USERNAME : ConfigKey.MLFLOW_PASSWORD_FILE;
      problems.add(
          "%s: given without %s, from %s"
              .formatted(
                  given,
                  isNamed ? ConfigKey.MLFLOW_PASSWORD_FILE : ConfigKey.MLFLOW_USERNAME,
                  values.origin(given)));
    } else if (isNamed && values.get(ConfigKey.MLFLOW_TOKEN_FILE).isPresent()) {
      problems.add(
          "%s: given together with %s (expected one), from %s"
              .formatted(
                  ConfigKey.MLFLOW_TOKEN_FILE,
                  ConfigKey.MLFLOW_USERNAME,
                  values.origin(ConfigKey.MLFLOW_TOKEN_FILE)));
    }
  }

  static String suggestion(String typed, Collection<String> known) {
    return Nearest.to(typed, known).map(word -> " (did you mean " + word + "?)").orElse("");
  }
}
