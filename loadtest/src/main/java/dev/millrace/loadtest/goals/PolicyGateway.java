// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.process.Pinning.Place;
import dev.millrace.loadtest.process.Server;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One gateway that serves the same models under each {@link Policy}, on the servers' core; started
 * when first needed. One thread.
 */
final class PolicyGateway {
  /** Larger batches gain little with these models, and would be few in a turn. */
  static final int MAX_BATCH_ROWS = 32;

  /** Keeps the largest batch and three more busy. */
  static final Load CLOSED = Load.HALF;

  /** Of the peak: most of it is refused. */
  private static final double FLOOD = 4;

  /** Before a turn under an open loop counts: several deadlines. */
  static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(700);

  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final Stage stage;
  private final Undisturbed undisturbed;
  private Optional<Server> server = Optional.empty();

  PolicyGateway(Stage stage) {
    this.stage = stage;
    this.undisturbed = new Undisturbed(stage);
  }

  Server server() throws IOException, InterruptedException {
    if (server.isEmpty()) {
      stage.observer().phase("starting the gateway, each model under each policy");
      Path repository = stage.folder("policies");
      write(repository, BenchmarkModels.WIDE, BenchmarkModels.wide());
      write(repository, BenchmarkModels.TEXT, BenchmarkModels.text());
      write(repository, BenchmarkModels.SHORT_TEXT, BenchmarkModels.shortText());
      write(repository, BenchmarkModels.CONVOLUTION, BenchmarkModels.convolution());
      for (Policy policy : Policy.values()) {
        DeviceModel.write(repository.resolve(policy.of(DeviceModel.NAME)), options(policy));
      }
      server = Optional.of(stage.launcher().gateway("gateway", Place.SERVER_CORE, repository));
    }
    return server.get();
  }

  private void write(Path repository, String model, byte[] graph) throws IOException {
    Path file = stage.folder("graphs").resolve(model + ".onnx");
    Files.write(file, graph);
    for (Policy policy : Policy.values()) {
      Path folder = repository.resolve(policy.of(model));
      Path version = Files.createDirectories(folder.resolve("1"));
      Files.createSymbolicLink(version.resolve("model.onnx"), file.toAbsolutePath());
      Files.writeString(folder.resolve("model.yaml"), options(policy));
    }
  }

  private static String options(Policy policy) {
    return "scheduler: %s\nmax_batch_size: %d\n".formatted(policy.key(), MAX_BATCH_ROWS);
  }

  /**
   * Requests to a model.
   *
   * @param shapes for inputs with open axes, as on the command line
   */
  Workload workload(String model, Policy policy, String... shapes)
      throws IOException, InterruptedException {
    return Requests.of(server(), List.of(policy.of(model)), shapes);
  }

  /** Warms a model up and finds out what it bears, in a closed loop. */
  Capacity capacity(String model, Policy policy, Workload workload)
      throws IOException, InterruptedException {
    try (Subject closed = connect(workload, 0)) {
      stage.warmUp(closed, CLOSED);
      stage.observer().phase(policy.of(model) + ", the peak");
      Turn turn = closed.turn(CLOSED.shape(), 2 * stage.effort().windowNanos());
      return new Capacity(turn.rate(), learned(model, policy));
    }
  }

  /** Warms up what a gateway does with those that it refuses: cold, it costs several times more. */
  void warmUpRefusals(Subject subject, Capacity capacity) throws InterruptedException {
    stage.observer().phase("too much, warm-up");
    subject.warmUp(new OpenLoad(FLOOD * capacity.peak()).shape(), stage.effort().firstWarmUp());
  }

  /**
   * Connects.
   *
   * @param deadlineNanos of requests that have none of their own; 0 for none
   */
  Subject connect(Workload workload, long deadlineNanos) throws IOException, InterruptedException {
    return Subject.connect(server(), workload, CLOSED.connections(), deadlineNanos, stage.stop());
  }

  /** A contestant that is put under an open loop in its turns. */
  Contestant<Served> contestant(
      String name, String model, Policy policy, Subject subject, OpenLoad load) {
    return new Contestant<>(
        name,
        () ->
            new Served(
                undisturbed.turn(subject, load.shape(), SETTLE_NANOS, stage.effort().windowNanos()),
                learned(model, policy)));
  }

  /** What it has learned of a model, and done with its requests, so far. */
  Learned learned(String model, Policy policy) throws IOException, InterruptedException {
    int port = server().http().orElseThrow().getPort();
    URI uri =
        URI.create("http://127.0.0.1:%d/v2/models/%s/scheduling".formatted(port, policy.of(model)));
    try (HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build()) {
      return Learned.parse(
          http.send(HttpRequest.newBuilder(uri).timeout(TIMEOUT).build(), BodyHandlers.ofString())
              .body());
    }
  }
}
