// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.gateway.Gateway;
import dev.millrace.gateway.GatewayStartException;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ConfigValues;
import dev.millrace.gateway.config.GatewayConfig;
import dev.millrace.gateway.config.ModelControl;
import dev.millrace.gateway.config.ModelLocation;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceFutureStub;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.RepositoryIndexRequest;
import dev.millrace.proto.inference.RepositoryIndexResponse.ModelIndex;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A real gateway on free ports of the loopback interface, over a folder of models that a test
 * makes, with a client of it. Closing it shows that nothing was left in flight.
 */
final class TestGateway implements AutoCloseable {
  /** Longer than anything here takes on a busy machine; a call that gets there hangs. */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Gateway gateway;
  private final Path repository;
  private final ManagedChannel channel;
  private final HttpClient http = HttpClient.newHttpClient();
  private boolean closed;

  private TestGateway(Gateway gateway, Path repository) {
    this.gateway = gateway;
    this.repository = repository;
    this.channel = newChannel();
  }

  /** The models of a gateway that is yet to start. */
  static final class Builder {
    private final Path folder;
    private final Path repository;
    private ConfigValues values;

    private Builder(Path folder) {
      this.folder = folder;
      this.repository = folder.resolve("models");
      this.values =
          ConfigValues.defaults()
              .with(ConfigKey.REPOSITORIES, ModelLocation.folders(repository))
              .with(ConfigKey.STAGING_DIRECTORY, folder.resolve("staging"))
              .with(ConfigKey.GRPC_PORT, 0)
              .with(ConfigKey.HTTP_PORT, 0)
              .with(ConfigKey.EVENT_LOOPS, 2);
    }

    /** An ONNX model, as version 1, without configuration. */
    Builder model(String name, byte[] onnx) {
      return model(name, 1, onnx);
    }

    Builder model(String name, long version, byte[] onnx) {
      return file(name + "/" + version + "/model.onnx", onnx);
    }

    Builder file(String path, byte[] content) {
      write(repository.resolve(path), content);
      return this;
    }

    Builder file(String path, String content) {
      return file(path, content.getBytes(StandardCharsets.UTF_8));
    }

    /** A model of an engine that answers what it is sent, {@code echo} or {@code held}. */
    Builder echo(String engine, String name, String settings, String... configuration) {
      file(name + "/model.yaml", "backend: " + engine + "\n" + String.join("\n", configuration));
      return file(name + "/1/model.echo", settings);
    }

    <T> Builder set(ConfigKey<T> key, T value) {
      values = values.with(key, value);
      return this;
    }

    Builder polling() {
      return set(ConfigKey.MODEL_CONTROL, ModelControl.POLL)
          .set(ConfigKey.POLL_INTERVAL, Duration.ofMillis(100));
    }

    TestGateway start() {
      try {
        Files.createDirectories(repository);
        return new TestGateway(Gateway.start(GatewayConfig.from(values)), repository);
      } catch (IOException | GatewayStartException e) {
        throw new AssertionError("no gateway over " + folder, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted", e);
      }
    }
  }

  static Builder over(Path folder) {
    return new Builder(folder);
  }

  /** Writes a file, and the folders it lies in. */
  static void write(Path file, byte[] content) {
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path repository() {
    return repository;
  }

  Gateway gateway() {
    return gateway;
  }

  /** The connection that every stub here uses. */
  ManagedChannel channel() {
    return channel;
  }

  /** Another connection; the caller's to close. */
  ManagedChannel newChannel() {
    return NettyChannelBuilder.forAddress("127.0.0.1", gateway.grpcPort())
        .usePlaintext()
        .directExecutor()
        .maxInboundMessageSize(64 << 20)
        .build();
  }

  GRPCInferenceServiceBlockingStub stub() {
    return GRPCInferenceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  GRPCInferenceServiceFutureStub futureStub() {
    return GRPCInferenceServiceGrpc.newFutureStub(channel)
        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  ModelInferResponse infer(ModelInferRequest.Builder request) {
    return stub().modelInfer(request.build());
  }

  /** The outputs of a request of these inputs. */
  List<Tensor> infer(String model, Tensor... inputs) {
    return Tensor.of(infer(Tensor.request(model, inputs)));
  }

  /** What RepositoryIndex says of a model's version; an empty one stands for no version. */
  Optional<ModelIndex> index(String model, String version) {
    return stub()
        .repositoryIndex(RepositoryIndexRequest.getDefaultInstance())
        .getModelsList()
        .stream()
        .filter(entry -> entry.getName().equals(model) && entry.getVersion().equals(version))
        .findFirst();
  }

  HttpResponse<String> get(String path) {
    return send("GET", path, "");
  }

  /** What administration answers to a change. */
  HttpResponse<String> send(String method, String path, String body) {
    URI address = URI.create("http://127.0.0.1:" + gateway.httpPort() + path);
    try {
      return http.send(
          HttpRequest.newBuilder(address)
              .timeout(PATIENCE)
              .method(
                  method,
                  body.isEmpty()
                      ? HttpRequest.BodyPublishers.noBody()
                      : HttpRequest.BodyPublishers.ofString(body))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Has a deployment be as a JSON object says. */
  void deploy(String name, String spec) {
    HttpResponse<String> answer = send("PUT", "/admin/v1/deployments/" + name, spec);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  Exposition metrics() {
    return Exposition.parse(get("/metrics").body());
  }

  /** Waits until no request is anywhere: not queued, not running, not between the two. */
  void awaitIdle() {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              Exposition now = metrics();
              assertThat(now.sum("millrace_in_flight")).as("leases").isZero();
              assertThat(now.sum("millrace_queued_rows")).as("rows").isZero();
              assertThat(now.sum("millrace_queued_bytes")).as("bytes").isZero();
            });
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      awaitIdle();
    } finally {
      closeChannel(channel);
      http.close();
      gateway.close();
    }
  }

  static void closeChannel(ManagedChannel channel) {
    try {
      channel.shutdown();
      if (!channel.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        channel.shutdownNow();
        throw new AssertionError("a channel with calls that do not end");
      }
    } catch (InterruptedException e) {
      channel.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
