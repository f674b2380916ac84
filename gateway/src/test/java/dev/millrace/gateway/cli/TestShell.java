// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** Runs commands as a user does, and keeps what they print. */
public final class TestShell {
  /** What came of one command. */
  public record Run(int exitCode, String out, String err) {}

  private final Map<String, String> environment;
  private final String input;
  private final Path home;

  public TestShell() {
    this(Map.of(), "");
  }

  TestShell(Map<String, String> environment, String input) {
    this(environment, input, Path.of("/nowhere"));
  }

  private TestShell(Map<String, String> environment, String input, Path home) {
    this.environment = environment;
    this.input = input;
    this.home = home;
  }

  /** A shell of the program that is installed there. */
  public static TestShell at(Path home) {
    return new TestShell(Map.of(), "", home);
  }

  public Run run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Shell shell =
        new Shell(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            new PrintWriter(out, true),
            new PrintWriter(err, true),
            environment,
            home);
    int exitCode = CommandLineInterface.commandLine(shell).execute(arguments);
    return new Run(exitCode, out.toString(), err.toString());
  }
}
