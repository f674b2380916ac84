// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.gateway.Gateway;
import dev.millrace.gateway.GatewayStartException;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ConfigValues;
import dev.millrace.gateway.config.GatewayConfig;
import dev.millrace.gateway.config.ModelLocation;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code millrace demo}: a gateway with the demo models, asked over TCP like any other. Its
 * settings are its own, so that it does the same for everybody.
 */
@Command(
    name = "demo",
    description = {
      "Serves the demo models and shows what they say and how fast.",
      "",
      "Asks them for rows that their training never saw, reports accuracy, latency and throughput,",
      "and goes on serving until Ctrl-C."
    })
final class DemoCommand implements Callable<Integer> {
  private static final String HOST = "127.0.0.1";

  // a first answer may wait for a model that warms up
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Shell shell;

  @Option(names = "--once", description = "End after the report.")
  private boolean once;

  @Option(
      names = "--grpc-port",
      paramLabel = "PORT",
      description = "Port of gRPC; else 8001, or a free one if that is taken.")
  private int grpcPort = -1;

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      description = "Port of health and metrics; else 8000, or a free one if that is taken.")
  private int httpPort = -1;

  DemoCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws IOException, GatewayStartException, InterruptedException {
    Path demo = shell.home().resolve("deploy/demo");
    GatewayConfig config = config(demo.resolve("models"));
    List<Holdout> holdouts = Holdout.readAll(demo.resolve("holdout"));
    Gateway gateway = Gateway.listen(config);
    StopSignal stop = StopSignal.install(gateway::close);
    gateway.awaitModels();
    String grpcAddress = Ports.address(HOST, gateway.grpcPort());
    String httpAddress = gateway.httpPort() < 0 ? "" : Ports.address(HOST, gateway.httpPort());
    say("gRPC on %s, HTTP on %s".formatted(grpcAddress, httpAddress));
    try (InferenceClient client = new InferenceClient(grpcAddress, TIMEOUT)) {
      int exitCode = report(client, holdouts);
      if (!once && exitCode == 0) {
        DemoReport.next(shell.home(), grpcAddress, httpAddress).forEach(this::say);
        stop.awaitAfter(gateway::awaitTermination);
      }
      return exitCode;
    } catch (StatusRuntimeException e) {
      if (stop.isStopping()) {
        // Ctrl-C in the middle: no failure
        return 0;
      }
      throw e;
    } finally {
      gateway.close();
    }
  }

  private int report(InferenceClient client, List<Holdout> holdouts) throws InterruptedException {
    DemoTrial trial = new DemoTrial(client, DemoTrial.Durations.USUAL);
    int exitCode = 0;
    for (Holdout holdout : holdouts) {
      DemoTrial.Result result = trial.run(holdout);
      say("");
      DemoReport.lines(result).forEach(this::say);
      if (!result.isAsTrained()) {
        exitCode = Failures.FAILED;
      }
    }
    say("");
    return exitCode;
  }

  private GatewayConfig config(Path models) {
    try {
      return GatewayConfig.from(
          ConfigValues.defaults()
              .with(ConfigKey.REPOSITORIES, ModelLocation.folders(models))
              .with(ConfigKey.HOST, HOST)
              .with(ConfigKey.GRPC_PORT, port(ConfigKey.GRPC_PORT, grpcPort))
              .with(ConfigKey.HTTP_PORT, port(ConfigKey.HTTP_PORT, httpPort)));
    } catch (IllegalArgumentException e) {
      throw new InputException(String.valueOf(e.getMessage()));
    }
  }

  private int port(ConfigKey<Integer> key, int given) {
    if (given >= 0) {
      return given;
    }
    int usual = ConfigValues.defaults().get(key);
    int port = Ports.freeOrAny(HOST, usual);
    if (port != usual) {
      say("port %d is taken; taking a free one".formatted(usual));
    }
    return port;
  }

  private void say(String line) {
    shell.out().println(line);
  }
}
