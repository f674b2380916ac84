// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.proto.admin.v1.ServerSettings;
import dev.millrace.proto.admin.v1.Setting;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code millrace settings}: what a running gateway was told to do. */
@Command(
    name = "settings",
    description = {
      "Shows every setting of a running gateway, and where each came from.",
      "",
      "Those with an asterisk may be changed while it runs; a change holds until it stops."
    })
final class SettingsCommand implements Callable<Integer> {
  private final Shell shell;

  @Mixin private final AdminOptions admin = new AdminOptions();

  SettingsCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    return admin.run(
        shell,
        (client, answers) -> {
          ServerSettings settings = client.settings();
          answers.print(settings, () -> lines(settings));
          return 0;
        });
  }

  @Command(name = "set", description = "Changes a setting until the gateway stops.")
  Integer set(
      @Mixin AdminOptions options,
      @Parameters(index = "0", paramLabel = "KEY", description = "The setting.") String key,
      @Parameters(
              index = "1",
              paramLabel = "VALUE",
              description = "As in the file of settings: debug, 500ms, 4GiB.")
          String value)
      throws IOException, InterruptedException {
    return options.run(
        shell,
        (client, answers) -> {
          Setting now = client.set(key, value);
          answers.print(now, () -> List.of("%s: %s".formatted(now.getKey(), now.getValue())));
          return 0;
        });
  }

  private static List<String> lines(ServerSettings settings) {
    Table table = new Table("SETTING", "VALUE", "FROM");
    for (Setting setting : settings.getSettingsList()) {
      table.add(
          setting.getKey() + (setting.getChangeable() ? "*" : ""),
          setting.getValue(),
          setting.getOrigin());
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "millrace %s, up for %s"
            .formatted(settings.getVersion(), upFor(settings.getUptime().getSeconds())));
    lines.addAll(table.lines());
    return lines;
  }

  /** {@code 3 d 2 h}, {@code 2 h 1 min}, {@code 61 s}. */
  private static String upFor(long seconds) {
    long minutes = seconds / 60;
    long hours = minutes / 60;
    return minutes < 2
        ? seconds + " s"
        : hours < 48
            ? "%d h %d min".formatted(hours, minutes % 60)
            : "%d d %d h".formatted(hours / 24, hours % 24);
  }
}
