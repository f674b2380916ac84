// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.admin.client.AdminClient;
import dev.millrace.proto.inference.ServerReadyRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code millrace rehearse}: what the launcher has a gateway do while it records its start. The
 * requests come first: their code is the one that has to be fast, and is recorded as they alone
 * need it.
 */
@Command(
    name = "rehearse",
    hidden = true,
    description = "Sends a gateway that serves the demo models requests, and then changes.")
final class RehearseCommand implements Callable<Integer> {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int REQUESTS_BETWEEN_CHANGES = 20;

  private final Shell shell;

  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      required = true,
      description = "The gateway, which has a data directory.")
  private String server = "";

  @Option(names = "--millis", paramLabel = "MS", description = "Of requests to each model.")
  private int millis = 3500;

  @Option(names = "--swaps", paramLabel = "N", description = "Of versions.")
  private int swaps = Rehearsal.SWAPS;

  RehearseCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path demo = shell.home().resolve("deploy/demo");
    List<Holdout> holdouts = Holdout.readAll(demo.resolve("holdout"));
    ManagedChannel channel =
        Grpc.newChannelBuilder(server, InsecureChannelCredentials.create()).build();
    try (InferenceClient client = new InferenceClient(server, TIMEOUT)) {
      awaitReady(client);
      for (Holdout holdout : holdouts) {
        new DemoTrial(client, durations()).run(holdout);
      }
      Holdout first = holdouts.getFirst();
      Path onnx = demo.resolve("models").resolve(first.model()).resolve("1/model.onnx");
      new Rehearsal(
              new AdminClient(channel),
              client,
              first.requests().stream().limit(REQUESTS_BETWEEN_CHANGES).toList())
          .run(onnx, swaps);
      return 0;
    } finally {
      channel.shutdownNow();
    }
  }

  /** It listens before its models are loaded. */
  private static void awaitReady(InferenceClient client) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    while (!client.call().serverReady(ServerReadyRequest.getDefaultInstance()).getReady()) {
      if (System.nanoTime() - begin > TIMEOUT.toNanos()) {
        throw new IOException("the gateway is not ready after " + TIMEOUT.toSeconds() + " s");
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private DemoTrial.Durations durations() {
    Duration third = Duration.ofMillis(millis / 3);
    return new DemoTrial.Durations(Duration.ZERO, third, third.multipliedBy(2));
  }
}
