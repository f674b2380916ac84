// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.nio.file.Path;

/** Where a setting came from, as a person would say it: {@code millrace.yaml:3}. */
public record Origin(String text) {
  static final Origin DEFAULT = new Origin("default");

  static Origin line(Path file, int line) {
    return new Origin(file + ":" + line);
  }

  static Origin variable(String name) {
    return new Origin("environment " + name);
  }

  /** From the command line, the flag given as it was typed: {@code --grpc-port}. */
  public static Origin flag(String flag) {
    return new Origin("flag " + flag);
  }

  /** From a running gateway's administration. */
  public static Origin caller(String actor) {
    return new Origin("changed by " + actor);
  }

  @Override
  public String toString() {
    return text;
  }
}
