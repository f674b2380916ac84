// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonText;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.natives.NativesException;
import dev.millrace.backends.natives.OrtNatives;
import dev.millrace.backends.nvml.GpuMonitor;
import dev.millrace.backends.nvml.Nvml;
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
    try (GpuMonitor gpus = Nvml.open()) {
      print(engine().devices(), gpus);
    }
    return 0;
  }

  private static Backend engine() {
    return ServiceLoader.load(Backend.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(backend -> backend.name().equals(ModelManifest.DEFAULT_BACKEND))
        .findFirst()
        .orElseThrow();
  }

  private void print(EngineDevices devices, GpuMonitor gpus) {
    switch (format) {
      case TABLE ->
          DevicesText.lines(devices, gpus.driverVersion(), gpus.read())
              .forEach(shell.out()::println);
      case JSON -> shell.out().println(JsonText.write(json(devices, gpus)));
      case YAML -> shell.out().print(YamlText.write(json(devices, gpus)));
    }
    shell.out().flush();
  }

  private static Json json(EngineDevices devices, GpuMonitor gpus) {
    return DevicesJson.of(devices, gpus.driverVersion(), gpus.read());
  }
}
