// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.util.List;

/** The settings cannot be used; all that is wrong with them, a line each. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  public ConfigException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  public List<String> problems() {
    return problems;
  }
}
