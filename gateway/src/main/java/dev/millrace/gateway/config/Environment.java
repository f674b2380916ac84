// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The {@code MILLRACE_…} variables. The process's environment is read here and nowhere else. */
public final class Environment {
  private static final String PREFIX = "MILLRACE_";

  /** The variable that names the configuration file. */
  public static final String CONFIG_FILE = "MILLRACE_CONFIG";

  /** Variables that are no settings: the file's name, and what the launcher reads. */
  static final Set<String> OTHERS =
      Set.of(CONFIG_FILE, "MILLRACE_JAVA_HOME", "MILLRACE_HOME", "MILLRACE_JVM_FLAGS");

  /**
   * What Kubernetes puts into every pod for a service called {@code millrace} or {@code
   * millrace-…}. A service {@code millrace-grpc} even gives {@code MILLRACE_GRPC_PORT}, whose value
   * tells the two apart.
   */
  private static final Pattern SERVICE_LINK =
      Pattern.compile("MILLRACE_(.*_)?(SERVICE_(HOST|PORT(_.*)?)|PORT_\\d+_(TCP|UDP|SCTP)(_.*)?)");

  private static final Pattern SERVICE_LINK_VALUE = Pattern.compile("(tcp|udp|sctp)://.*");

  private Environment() {}

  /** The variables of this process. */
  public static Map<String, String> ofThisProcess() {
    return System.getenv();
  }

  static Optional<Path> configFile(Map<String, String> variables) {
    return Optional.ofNullable(variables.get(CONFIG_FILE))
        .filter(name -> !name.isBlank())
        .map(Path::of);
  }

  /** The settings among the variables; names that mean nothing are added to the problems. */
  static List<Setting> settings(Map<String, String> variables, List<String> problems) {
    Map<String, ConfigKey<?>> keys = new TreeMap<>();
    ConfigKey.ALL.forEach(key -> keys.put(key.variable(), key));
    List<Setting> settings = new ArrayList<>();
    // sorted, so that problems come in the same order every time
    new TreeMap<>(variables)
        .forEach(
            (name, value) -> {
              if (!name.startsWith(PREFIX) || isServiceLink(name, value)) {
                return;
              }
              ConfigKey<?> key = keys.get(name);
              if (key != null) {
                settings.add(Setting.text(key.name(), value, Origin.variable(name)));
              } else if (!OTHERS.contains(name)) {
                problems.add(unknown(name, keys.keySet()));
              }
            });
    return settings;
  }

  private static boolean isServiceLink(String name, String value) {
    return SERVICE_LINK.matcher(name).matches()
        || (name.endsWith("_PORT") && SERVICE_LINK_VALUE.matcher(value).matches());
  }

  private static String unknown(String name, Set<String> known) {
    return "unknown environment variable " + name + ConfigLoader.suggestion(name, known);
  }
}
