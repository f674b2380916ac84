// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.util.Locale;

/** For whom an answer of the administration is printed. */
enum OutputFormat {
  /** For people. */
  TABLE,
  /** For programs: the answer as the admin API gives it. */
  JSON,
  /** For both: the same tree. */
  YAML;

  /** As it is typed. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
