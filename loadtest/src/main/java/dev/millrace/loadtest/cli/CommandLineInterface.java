// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.changes.Changes;
import dev.millrace.loadtest.goals.Baselines;
import dev.millrace.loadtest.workload.WorkloadException;
import java.io.IOException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The load tester's commands, and what becomes of their failures. */
final class CommandLineInterface {
  static final int FAILED = 1;
  static final int BAD_INPUT = 2;
  static final int INTERRUPTED = 130;

  // wide enough for the longest option, narrow enough for half a screen
  private static final int HELP_WIDTH = 100;

  private CommandLineInterface() {}

  static CommandLine commandLine(Shell shell, Servers servers) {
    return commandLine(shell, servers, Baselines::run, Changes::run);
  }

  static CommandLine commandLine(
      Shell shell,
      Servers servers,
      BaselinesCommand.Measuring baselines,
      ChangesCommand.Measuring changes) {
    RootCommand root = new RootCommand();
    return new CommandLine(root)
        .addSubcommand(new BenchCommand(shell, servers))
        .addSubcommand(new BaselinesCommand(shell, baselines))
        .addSubcommand(new ChangesCommand(shell, changes))
        .addSubcommand(new SimulateCommand(shell))
        .addSubcommand(new GatesCommand(shell))
        .setOut(shell.out())
        .setErr(shell.err())
        .setOverwrittenOptionsAllowed(true)
        .setUsageHelpAutoWidth(false)
        .setUsageHelpWidth(HELP_WIDTH)
        .setParameterExceptionHandler(CommandLineInterface::badArguments)
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> report(failure, root.isDebug(), shell.err()));
  }

  private static int badArguments(ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    command.getErr().println(e.getMessage());
    UnmatchedArgumentException.printSuggestions(e, command.getErr());
    command
        .getErr()
        .printf("'%s --help' shows what there is%n", command.getCommandSpec().qualifiedName());
    return BAD_INPUT;
  }

  private static int report(Exception failure, boolean debug, PrintWriter err) {
    if (debug) {
      failure.printStackTrace(err);
    }
    return switch (failure) {
      case UsageException e -> {
        e.problems().forEach(err::println);
        yield BAD_INPUT;
      }
      case WorkloadException e -> {
        err.println(e.getMessage());
        yield FAILED;
      }
      case IOException e -> {
        err.println(e.getMessage());
        yield FAILED;
      }
      case InterruptedException e -> INTERRUPTED;
      default -> {
        err.printf("unexpected: %s (--debug shows where)%n", failure);
        yield FAILED;
      }
    };
  }
}
