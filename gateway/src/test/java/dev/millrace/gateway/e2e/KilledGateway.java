// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.awaitility.Awaitility.await;

import dev.millrace.admin.client.AdminClient;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.millrace.proto.inference.ServerReadyRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A gateway that is killed and started again over the same files, with a client of it. */
final class KilledGateway implements AutoCloseable {
  private final Path folder;
  private GatewayProcess process;
  private ManagedChannel channel;

  KilledGateway(Path folder) {
    this.folder = folder;
    this.process = GatewayProcess.keeping(folder);
    this.channel = connect(process);
  }

  private static ManagedChannel connect(GatewayProcess process) {
    return NettyChannelBuilder.forTarget(process.grpcAddress()).usePlaintext().build();
  }

  AdminClient admin() {
    return new AdminClient(channel);
  }

  /** The version that answers a request now, by its answer. The request has to be answered. */
  long answering(String deployment) {
    return AddedNumber.answering(
        stub().modelInfer(Tensor.request(deployment, Tensor.rows(1, 1)).build()));
  }

  /** As {@code kill -9} does. */
  void kill() throws InterruptedException {
    process.kill();
    channel.shutdownNow();
  }

  /** Starts it again; returns as soon as it says that it is ready. */
  void restart() {
    process = GatewayProcess.keeping(folder);
    channel = connect(process);
    await()
        .atMost(TestGateway.PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> stub().serverReady(ServerReadyRequest.getDefaultInstance()).getReady());
  }

  private GRPCInferenceServiceBlockingStub stub() {
    return GRPCInferenceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(TestGateway.PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  /** Its files whose names say that somebody is still writing them, and copies of models. */
  List<Path> unfinished() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("data"))) {
      return files
          .filter(path -> path.getFileName().toString().matches(".*\\.tmp|\\.incoming-.*"))
          .toList();
    }
  }

  /** How many files it has of its own, for models that are loaded. */
  long copies() throws IOException {
    Path copies = Files.createDirectories(folder.resolve("staging/registry"));
    try (Stream<Path> files = Files.walk(copies)) {
      return files.filter(Files::isRegularFile).count();
    }
  }

  String log() throws IOException {
    return Files.readString(folder.resolve("gateway.log"));
  }

  @Override
  public void close() {
    channel.shutdownNow();
    process.close();
  }
}
