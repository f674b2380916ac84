// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.gateway.config.ReferencePage;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

final class CliReferencePageTest {
  private static final String HEAD =
      """
      <!-- Generated from the commands by CliReferencePageTest, which says how to write it anew. -->
      # Command line

      `./millrace` finds a JDK of 25 or newer (`MILLRACE_JAVA_HOME`, `JAVA_HOME`, then the usual
      places), builds what is missing or out of date when it lies in a source tree, and becomes the
      JVM. It works from any directory and through a symbolic link. The first server after a build is
      recorded for half a minute before it starts; those after it start quicker.

      Results are on standard output; logs and complaints on standard error. An option that is given
      again replaces its earlier value, except those that collect (`--repository`, `--output` of
      `infer`, and `--set` for different settings).

      `-o json` and `-o yaml` of the commands that administer a gateway print what the admin API
      answers, field by field: `/admin/v1/openapi.json` describes it. `events -o json` prints one
      object a line.

      On SIGTERM or Ctrl-C, `serve` takes no further requests, finishes those it accepted
      (`shutdown_grace`) and ends with 0. A second signal ends it at once.

      """;

  @Test
  void thePageIsUpToDate() throws IOException {
    StringBuilder page = new StringBuilder(HEAD);
    CommandLine root =
        CommandLineInterface.commandLine(
            new Shell(
                InputStream.nullInputStream(),
                new PrintWriter(Writer.nullWriter()),
                new PrintWriter(Writer.nullWriter()),
                Map.of(),
                Path.of("")));
    append(page, root);
    ReferencePage.check("cli.md", page.toString());
  }

  private static void append(StringBuilder page, CommandLine command) {
    page.append("## ").append(command.getCommandSpec().qualifiedName()).append("\n\n```text\n");
    command
        .getUsageMessage(Ansi.OFF)
        .lines()
        .map(String::stripTrailing)
        .forEach(line -> page.append(line).append('\n'));
    page.append("```\n\n");
    command.getSubcommands().values().stream()
        .filter(below -> !below.getCommandSpec().usageMessage().hidden())
        .forEach(below -> append(page, below));
  }
}
