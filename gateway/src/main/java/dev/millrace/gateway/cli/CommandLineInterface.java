// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.gateway.config.LogFormat;
import dev.millrace.gateway.config.LogLevel;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code millrace}: its subcommands, and what becomes of their failures. */
public final class CommandLineInterface {
  // wide enough for the longest option, narrow enough for half a screen
  private static final int HELP_WIDTH = 100;

  private CommandLineInterface() {}

  /** Runs one command in this process and returns the exit code. */
  public static int run(String[] arguments) {
    // until a command says otherwise: what a client's libraries have to say is rarely of interest
    Logs.apply(LogFormat.TEXT, LogLevel.WARN);
    try {
      boolean serveOnly = arguments.length > 0 && arguments[0].equals("serve");
      return commandLine(Shell.ofThisProcess(), serveOnly).execute(arguments);
    } finally {
      Logs.stop();
    }
  }

  static CommandLine commandLine(Shell shell) {
    return commandLine(shell, false);
  }

  /**
   * @param serveOnly without the other commands: a server's start need not wait until reflection
   *     has read what nobody asked for
   */
  private static CommandLine commandLine(Shell shell, boolean serveOnly) {
    RootCommand root = new RootCommand();
    CommandLine commandLine = new CommandLine(root).addSubcommand(new ServeCommand(shell));
    if (!serveOnly) {
      commandLine
          .addSubcommand(new DemoCommand(shell))
          .addSubcommand(new RehearseCommand(shell))
          .addSubcommand(new InferCommand(shell))
          .addSubcommand(new ModelsCommand(shell))
          .addSubcommand(new ExplainCommand(shell))
          .addSubcommand(new RegistryCommand(shell))
          .addSubcommand(new SettingsCommand(shell))
          .addSubcommand(new DevicesCommand(shell))
          .addSubcommand(new NativesCommand(shell))
          .addSubcommand(new CheckConfigCommand(shell))
          .addSubcommand(new VersionCommand(shell))
          .addSubcommand(new CompletionCommand(shell));
      DeploymentCommands.all(shell).forEach(commandLine::addSubcommand);
    }
    Failures failures = new Failures(root);
    return commandLine
        .setOut(shell.out())
        .setErr(shell.err())
        .setOverwrittenOptionsAllowed(true)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(false)
        .setUsageHelpWidth(HELP_WIDTH)
        .setParameterExceptionHandler(CommandLineInterface::badArguments)
        .setExecutionExceptionHandler((e, command, parsed) -> failures.report(e, shell.err()));
  }

  private static int badArguments(ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    command.getErr().println(e.getMessage());
    UnmatchedArgumentException.printSuggestions(e, command.getErr());
    command
        .getErr()
        .printf("'%s --help' shows what there is%n", command.getCommandSpec().qualifiedName());
    return Failures.BAD_INPUT;
  }
}
