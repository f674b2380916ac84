// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.threads.CompilerWatch;
import dev.millrace.gateway.Gateway;
import dev.millrace.gateway.GatewayStartException;
import dev.millrace.gateway.config.ConfigException;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ConfigValues;
import dev.millrace.gateway.config.GatewayConfig;
import dev.millrace.gateway.config.LogFormat;
import dev.millrace.gateway.config.ModelLocation;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code millrace serve}: serves until SIGTERM or Ctrl-C, then drains and ends with 0. */
@Command(
    name = "serve",
    description = {
      "Serves the models of one or more repositories until SIGTERM or Ctrl-C.",
      "",
      "A flag beats the environment (MILLRACE_GRPC_PORT), which beats the file."
    })
final class ServeCommand implements Callable<Integer> {
  private final Shell shell;

  @Mixin private final ConfigOptions options = new ConfigOptions();

  ServeCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws ConfigException, GatewayStartException, InterruptedException {
    ConfigValues values = options.load(shell.environment());
    List<String> problems = repositoryProblems(values);
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    GatewayConfig config = GatewayConfig.from(values);
    Logs.apply(config.logging().format(), config.logging().level());
    Gateway gateway = Gateway.listen(config, Logs::setLevel);
    StopSignal stop = StopSignal.install(gateway::close);
    if (config.logging().format() == LogFormat.TEXT) {
      // for people and scripts; collectors of JSON often read both streams, and the log has it too
      shell.out().println(listening(config, gateway));
    }
    gateway.awaitModels();
    CompilerWatch.start();
    stop.awaitAfter(gateway::awaitTermination);
    return 0;
  }

  /**
   * What keeps the repositories from being served on this machine, of what only a look can tell.
   */
  static List<String> repositoryProblems(ConfigValues values) {
    List<ModelLocation> locations = values.get(ConfigKey.REPOSITORIES);
    boolean hasData = values.get(ConfigKey.DATA_DIRECTORY).isPresent();
    if (locations.isEmpty() && !hasData) {
      return List.of(
          "repositories: none (expected at least one, such as --repository DIR, or --data-dir DIR)");
    }
    List<String> problems = new ArrayList<>();
    if (!values.get(ConfigKey.REGISTRIES).isEmpty() && !hasData) {
      problems.add(
          "registries: %s (expected data_directory as well, for the deployments)"
              .formatted(values.get(ConfigKey.REGISTRIES)));
    }
    for (ModelLocation location : locations) {
      if (location instanceof ModelLocation.Folder folder && !Files.isDirectory(folder.path())) {
        problems.add(
            "repositories: %s (expected a directory that exists), from %s"
                .formatted(folder, values.origin(ConfigKey.REPOSITORIES)));
      }
    }
    return problems;
  }

  /** {@code gRPC on 127.0.0.1:8001, HTTP on 127.0.0.1:8000}. */
  static String listening(GatewayConfig config, Gateway gateway) {
    String host = config.listen().host();
    String grpc = "gRPC on " + Ports.address(host, gateway.grpcPort());
    return gateway.httpPort() < 0
        ? grpc
        : grpc + ", HTTP on " + Ports.address(host, gateway.httpPort());
  }
}
