// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.gateway.config.ConfigException;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ConfigValues;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code millrace check-config}: what {@code serve} would start with, without starting. */
@Command(
    name = "check-config",
    description = {
      "Shows every setting that serve would start with, and where each came from.",
      "",
      "Ends with 2 and all problems if there are any. Folders that are missing on this machine are",
      "only noted: the configuration may be for another one."
    })
final class CheckConfigCommand implements Callable<Integer> {
  private final Shell shell;

  @Mixin private final ConfigOptions options = new ConfigOptions();

  CheckConfigCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws ConfigException {
    ConfigValues values = options.load(shell.environment());
    Table table = new Table("SETTING", "VALUE", "FROM");
    for (ConfigKey<?> key : ConfigKey.ALL) {
      table.add(key.name(), values.text(key), values.origin(key).text());
    }
    table.lines().forEach(shell.out()::println);
    ServeCommand.repositoryProblems(values).forEach(note -> shell.err().println("note: " + note));
    return 0;
  }
}
