// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ModelControl;
import dev.millrace.proto.admin.v1.ApplyDeploymentRequest;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.ListModelsRequest;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.RepositoryModelLoadRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.stub.StreamObserver;
import java.net.ConnectException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What clients see of a gateway that stops. */
@Timeout(60)
class ShutdownTest {
  private static final Duration GRACE = Duration.ofSeconds(20);

  private TestGateway gateway;
  private Thread closing;

  @BeforeEach
  void start(@TempDir Path folder) {
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.SHUTDOWN_GRACE, GRACE)
            .model("negate", OnnxModels.unary("Neg", DataType.FP32, "n", 4))
            .echo("held", "stopping", "inputs = x FP32[-1,4]")
            .start();
  }

  @AfterEach
  void stop() throws InterruptedException {
    Gate.of("stopping").close();
    gateway.gateway().close();
    if (closing != null) {
      closing.join(TestGateway.PATIENCE);
    }
    gateway.channel().shutdownNow();
  }

  private void close() {
    closing = Thread.ofPlatform().name("closing").start(gateway.gateway()::close);
  }

  @Test
  void whatIsInFlightIsAnsweredAndWhatComesLaterIsRefused() throws Exception {
    Watcher watcher = new Watcher();
    HealthGrpc.newStub(gateway.channel()).watch(HealthCheckRequest.getDefaultInstance(), watcher);
    await().until(() -> watcher.seen.contains(ServingStatus.SERVING));
    List<Future<ModelInferResponse>> inFlight = new ArrayList<>();
    try (Gate gate = Gate.of("stopping").shut()) {
      inFlight.add(send(0));
      await().until(() -> gate.waiting() == 1);
      for (int i = 1; i < 10; i++) {
        inFlight.add(send(i));
      }
      await().until(() -> gateway.metrics().sum("millrace_queued_rows") == 9);

      close();

      await().until(() -> watcher.seen.contains(ServingStatus.NOT_SERVING));
      assertThat(gateway.get("/v2/health/ready").statusCode()).isEqualTo(503);
      assertThat(gateway.get("/v2/health/live").statusCode()).isEqualTo(200);
      assertThatThrownBy(() -> gateway.infer("negate", Tensor.rows(1, 1)))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
                assertThat(e.getStatus().getDescription()).contains("shutting down");
              });
      assertThat(closing.isAlive()).isTrue();
    }

    for (int i = 0; i < inFlight.size(); i++) {
      assertThat(Tensor.of(inFlight.get(i).get(30, TimeUnit.SECONDS)))
          .containsExactly(Tensor.rows(1, i).named("y"));
    }
    assertThat(closing.join(TestGateway.PATIENCE)).isTrue();
    await().until(() -> !watcher.ended.isEmpty());
    assertThat(watcher.seen).containsExactly(ServingStatus.SERVING, ServingStatus.NOT_SERVING);
  }

  @Test
  void itsAdministrationIsRefusedBeforeWhatItWorksOnIsClosed(@TempDir Path other) throws Exception {
    TestGateway administered =
        TestGateway.over(other)
            .set(ConfigKey.SHUTDOWN_GRACE, GRACE)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(other.resolve("data")))
            .set(ConfigKey.MODEL_CONTROL, ModelControl.EXPLICIT)
            .set(ConfigKey.LOAD_MODELS, List.of("*"))
            .echo("held", "administered", "inputs = x FP32[-1,4]")
            .start();
    Thread stopping;
    try (Gate gate = Gate.of("administered").shut()) {
      ModelInferRequest request = Tensor.request("administered", Tensor.rows(1, 1)).build();
      Future<ModelInferResponse> running = administered.futureStub().modelInfer(request);
      await().until(() -> gate.waiting() == 1);
      stopping = Thread.ofPlatform().start(administered.gateway()::close);
      await().until(() -> administered.get("/v2/health/ready").statusCode() == 503);

      assertStopping(() -> apply(administered, "late"));
      assertStopping(
          () ->
              RegistryServiceGrpc.newBlockingStub(administered.channel())
                  .listModels(ListModelsRequest.getDefaultInstance()));
      assertStopping(
          () ->
              administered
                  .stub()
                  .repositoryModelLoad(
                      RepositoryModelLoadRequest.newBuilder().setModelName("another").build()));
      HttpResponse<String> http = administered.get("/admin/v1/deployments");
      assertThat(http.statusCode()).isEqualTo(503);
      assertThat(http.body()).contains("the gateway is stopping");
      assertThat(running.isDone()).isFalse();
    }
    assertThat(stopping.join(TestGateway.PATIENCE)).isTrue();
    assertThat(other.resolve("data/deployments").toFile().list())
        .noneMatch(name -> name.startsWith("late"));
    administered.channel().shutdownNow();
  }

  private static void apply(TestGateway gateway, String name) {
    DeploymentServiceGrpc.newBlockingStub(gateway.channel())
        .applyDeployment(
            ApplyDeploymentRequest.newBuilder()
                .setSpec(DeploymentSpec.newBuilder().setName(name).setVersion("1"))
                .build());
  }

  private static void assertStopping(ThrowingCallable call) {
    assertThatThrownBy(call)
        .hasMessage("UNAVAILABLE: the gateway is stopping: its administration takes no more calls");
  }

  private Future<ModelInferResponse> send(int i) {
    return gateway.futureStub().modelInfer(Tensor.request("stopping", Tensor.rows(1, i)).build());
  }

  @Test
  void openStreamsAndConnectionsDoNotHoldItUp() throws Exception {
    Watcher watcher = new Watcher();
    HealthGrpc.newStub(gateway.channel()).watch(HealthCheckRequest.getDefaultInstance(), watcher);
    StreamObserver<ServerReflectionRequest> reflection =
        ServerReflectionGrpc.newStub(gateway.channel()).serverReflectionInfo(new Ignoring<>());
    reflection.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    await().until(() -> watcher.seen.contains(ServingStatus.SERVING));
    long begin = System.nanoTime();

    gateway.gateway().close();

    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(GRACE.dividedBy(2));
  }

  @Test
  void afterwardsThePortsAreFreeAndNoThreadOfItsOwnIsLeft() throws Exception {
    int port = gateway.gateway().grpcPort();
    gateway.infer("negate", Tensor.rows(1, 1));

    gateway.gateway().close();

    ManagedChannel late = NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    try {
      assertThatThrownBy(
              () ->
                  HealthGrpc.newBlockingStub(late)
                      .withDeadlineAfter(10, TimeUnit.SECONDS)
                      .check(HealthCheckRequest.getDefaultInstance()))
          .hasRootCauseInstanceOf(ConnectException.class);
    } finally {
      late.shutdownNow();
    }
    await()
        .atMost(TestGateway.PATIENCE)
        .untilAsserted(
            () ->
                assertThat(Thread.getAllStackTraces().keySet())
                    .extracting(Thread::getName)
                    .noneMatch(name -> name.matches("(replica|drain)-.*|control|janitor")));
  }

  @Test
  void afterTheGraceTimeWhatWaitsIsRefusedAndWhatRunsIsAnswered(@TempDir Path other)
      throws Exception {
    TestGateway impatient =
        TestGateway.over(other)
            .set(ConfigKey.SHUTDOWN_GRACE, Duration.ofMillis(200))
            .echo("held", "slow", "inputs = x FP32[-1,4]", "max_batch_size: 1")
            .start();
    Thread stopping;
    Future<ModelInferResponse> running;
    try (Gate gate = Gate.of("slow").shut()) {
      running =
          impatient.futureStub().modelInfer(Tensor.request("slow", Tensor.rows(1, 1)).build());
      await().until(() -> gate.waiting() == 1);
      Future<ModelInferResponse> waiting =
          impatient.futureStub().modelInfer(Tensor.request("slow", Tensor.rows(1, 2)).build());
      await().until(() -> impatient.metrics().sum("millrace_queued_rows") == 1);
      stopping = Thread.ofPlatform().start(impatient.gateway()::close);

      assertThatThrownBy(() -> waiting.get(30, TimeUnit.SECONDS))
          .hasRootCauseInstanceOf(StatusRuntimeException.class)
          .hasMessageContaining("UNAVAILABLE")
          .hasMessageContaining("being unloaded");
    }
    assertThat(Tensor.of(running.get(30, TimeUnit.SECONDS)))
        .containsExactly(Tensor.rows(1, 1).named("y"));
    assertThat(stopping.join(TestGateway.PATIENCE)).isTrue();
    impatient.channel().shutdownNow();
  }

  /** Keeps what a health watch tells. */
  private static final class Watcher implements StreamObserver<HealthCheckResponse> {
    final Queue<ServingStatus> seen = new ConcurrentLinkedQueue<>();
    final Queue<Throwable> ended = new ConcurrentLinkedQueue<>();

    @Override
    public void onNext(HealthCheckResponse response) {
      seen.add(response.getStatus());
    }

    @Override
    public void onError(Throwable cause) {
      ended.add(cause);
    }

    @Override
    public void onCompleted() {
      ended.add(new AssertionError("the watch was completed"));
    }
  }

  private static final class Ignoring<T> implements StreamObserver<T> {
    @Override
    public void onNext(T message) {}

    @Override
    public void onError(Throwable cause) {}

    @Override
    public void onCompleted() {}
  }
}
