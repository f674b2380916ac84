// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code millrace} without a command, and the options that all commands have. */
@Command(
    name = "millrace",
    description = "Serves ONNX models over gRPC.",
    versionProvider = VersionCommand.Provider.class,
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:it worked",
      "1:it failed; one line on standard error says why",
      "2:the arguments, the configuration or the data are wrong; standard error lists all of it"
    },
    footer = {
      "",
      "'millrace bench', a program of its own, is the load tester: 'millrace bench --help'."
    })
final class RootCommand implements Callable<Integer> {
  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  @SuppressWarnings("unused") // picocli acts on it
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version.")
  @SuppressWarnings("unused") // picocli acts on it
  private boolean version;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "On a failure, show the stack trace.")
  private boolean debug;

  boolean isDebug() {
    return debug;
  }

  @Override
  public Integer call() {
    if (spec != null) {
      spec.commandLine().usage(spec.commandLine().getErr());
    }
    return Failures.BAD_INPUT;
  }
}
