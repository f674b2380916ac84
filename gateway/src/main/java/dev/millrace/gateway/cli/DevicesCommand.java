// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.natives.NativesException;
import dev.millrace.backends.natives.OrtNatives;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.gateway.config.ConfigException;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ConfigValues;
import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code millrace devices}: what models can run on here, and why not on the rest. */
@Command(
    name = "devices",
    description = {
      "Shows what models can run on, on this machine, and what keeps the rest from being used.",
      "",
      "It takes the settings of serve, --ort-natives before all; a GPU is tried out."
    })
final class DevicesCommand implements Callable<Integer> {
  private final Shell shell;

  @Mixin private final ConfigOptions options = new ConfigOptions();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "table|json|yaml",
      defaultValue = "table",
      description = "How it is printed; a table unless given.")
  private OutputFormat format = OutputFormat.TABLE;

  DevicesCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws ConfigException, NativesException {
    ConfigValues values = options.load(shell.environment());
    Optional<Path> natives = values.get(ConfigKey.ORT_NATIVES);
    if (natives.isPresent()) {
      OrtNatives.use(natives.get());
    }
    print(engine().devices());
    return 0;
  }

  private static Backend engine() {
    return ServiceLoader.load(Backend.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(backend -> backend.name().equals(ModelManifest.DEFAULT_BACKEND))
        .findFirst()
        .orElseThrow();
  }

  private void print(EngineDevices devices) {
    switch (format) {
      case TABLE -> printTable(devices);
      case JSON -> shell.out().println(JsonText.write(DevicesJson.of(devices)));
      case YAML -> shell.out().print(YamlText.write(DevicesJson.of(devices)));
    }
    shell.out().flush();
  }

  private void printTable(EngineDevices devices) {
    shell.out().printf("%s, from %s%n", devices.engine(), devices.build());
    Table table = new Table("DEVICE", "PROVIDER", "USABLE", "");
    for (DeviceStatus status : devices.devices()) {
      table.add(
          status.device().map(Object::toString).orElseGet(() -> status.kind().toString()),
          status.provider(),
          status.isUsable() ? "yes" : "no",
          status.unusable().orElse(status.detail()));
    }
    table.lines().forEach(shell.out()::println);
  }
}
