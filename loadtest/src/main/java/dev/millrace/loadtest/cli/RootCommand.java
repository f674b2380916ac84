// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** {@code millrace}, as far as this program is it: the gateway's commands are another program. */
@Command(name = "millrace", description = "Puts load on servers of the Open Inference Protocol.")
final class RootCommand {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  @SuppressWarnings("unused") // picocli acts on it
  private boolean help;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "On a failure, show the stack trace.")
  private boolean debug;

  boolean isDebug() {
    return debug;
  }
}
