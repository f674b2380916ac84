// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.InferParameter;
import dev.millrace.proto.inference.ModelConfig;
import dev.millrace.proto.inference.ModelConfigRequest;
import dev.millrace.proto.inference.ModelDynamicBatching;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.ModelQueuePolicy;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Priorities, timeouts, deadlines and refusals, as clients see them over loopback TCP. */
@Timeout(60)
@ExtendWith(NettyLeaks.class)
class SchedulingTest {
  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> TEAM =
      Metadata.Key.of("x-team", Metadata.ASCII_STRING_MARSHALLER);
  private static final String X = "inputs = x FP32[-1,4]";

  private static TestGateway gateway;

  @BeforeAll
  static void start(@TempDir Path folder) {
    SequencedMap<String, Double> weights = new LinkedHashMap<>(Map.of("gold", 3.0));
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.TENANT_HEADER, "x-team")
            .set(ConfigKey.TENANT_WEIGHTS, weights)
            .set(ConfigKey.INLINE_BUDGET, Duration.ZERO) // no gate is to hold an event loop
            .echo("echo", "plain", X)
            .echo(
                "echo",
                "slow",
                X + "\ndelay_micros_per_row = 500000",
                "max_queued_rows: 1",
                "max_batch_size: 1")
            .echo("held", "small", X, "max_queued_rows: 1", "max_batch_size: 1")
            .echo(
                "held",
                "levels",
                X,
                "priority_levels: 3",
                "default_priority: 2",
                "scheduler: triton",
                "preferred_batch_sizes: [1]")
            .echo("held", "slo", X, "slo: 50ms", "priority_levels: 3")
            .echo(
                "held",
                "triton",
                X,
                "scheduler: triton",
                "max_batch_size: 8",
                "preserve_ordering: true",
                "priority_levels: 2",
                "default_priority: 2",
                "queue_policy: {max_queue_size: 1}",
                "priority_queue_policy: {1: {timeout: 20ms}}")
            .echo(
                "echo",
                "delayed",
                X,
                "scheduler: triton",
                "max_batch_size: 4",
                "preferred_batch_sizes: [2]",
                "queue_delay: 1h")
            .start();
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static InferParameter number(long value) {
    return InferParameter.newBuilder().setInt64Param(value).build();
  }

  private static ModelInferRequest.Builder request(String model, float first) {
    return Tensor.request(model, Tensor.rows(1, first));
  }

  private static Future<ModelInferResponse> send(ModelInferRequest.Builder request) {
    return gateway.futureStub().modelInfer(request.build());
  }

  private static void awaitQueued(String model, int rows) {
    await().until(() -> gateway.metrics().sum("millrace_queued_rows", "model", model) == rows);
  }

  /** Has the only replica of a model stand before its gate. */
  private static Future<ModelInferResponse> occupy(String model, Gate gate) {
    Future<ModelInferResponse> running = send(request(model, 0));
    await().until(() -> gate.waiting() == 1);
    return running;
  }

  private static StatusRuntimeException refusal(ModelInferRequest.Builder request) {
    return catchThrowableOfType(
        StatusRuntimeException.class, () -> gateway.stub().modelInfer(request.build()));
  }

  private static String pushback(StatusRuntimeException refusal) {
    Metadata trailers = refusal.getTrailers();
    String value = trailers == null ? null : trailers.get(PUSHBACK);
    return value == null ? "" : value;
  }

  // --- refusals

  @Test
  void aRefusalSaysWhenToComeAgain() throws Exception {
    List<Future<ModelInferResponse>> accepted = new ArrayList<>();
    try (Gate gate = Gate.of("small").shut()) {
      accepted.add(occupy("small", gate));
      accepted.add(send(request("small", 1)));
      awaitQueued("small", 1);

      StatusRuntimeException refusal = refusal(request("small", 2));

      assertThat(refusal.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
      assertThat(refusal.getStatus().getDescription())
          .isEqualTo("model 'small': 1 rows wait (limit 1, max_queued_rows)");
      assertThat(Long.parseLong(pushback(refusal))).isBetween(1L, 3000L);
    }
    for (Future<ModelInferResponse> answer : accepted) {
      answer.get(30, TimeUnit.SECONDS);
    }
  }

  /** A client whose own retries would come too late, if it had any. */
  private static ManagedChannel retryingChannel() {
    Map<String, Object> policy =
        Map.of(
            "maxAttempts",
            5.0,
            "initialBackoff",
            "60s",
            "maxBackoff",
            "60s",
            "backoffMultiplier",
            1.0,
            "retryableStatusCodes",
            List.of("UNAVAILABLE"));
    return NettyChannelBuilder.forAddress("127.0.0.1", gateway.gateway().grpcPort())
        .usePlaintext()
        .directExecutor()
        .enableRetry()
        .defaultServiceConfig(
            Map.of(
                "methodConfig", List.of(Map.of("name", List.of(Map.of()), "retryPolicy", policy))))
        .build();
  }

  @Test
  void aClientThatRetriesWaitsAsLongAsItIsTold() throws Exception {
    gateway.infer("slow", Tensor.rows(1, 0)); // so that it is known what a run takes
    gateway.infer("slow", Tensor.rows(1, 0));
    ManagedChannel retrying = retryingChannel();
    try {
      double before = gateway.metrics().sum("millrace_rejections_total", "model", "slow");
      Future<ModelInferResponse> running = send(request("slow", 1));
      await()
          .until(
              () ->
                  gateway.metrics().sum("millrace_in_flight", "model", "slow") == 1
                      && gateway.metrics().sum("millrace_queued_rows", "model", "slow") == 0);
      Future<ModelInferResponse> waiting = send(request("slow", 2));
      awaitQueued("slow", 1);

      StatusRuntimeException hurried =
          catchThrowableOfType(StatusRuntimeException.class, () -> inferWithin("slow", "200m"));
      long begin = System.nanoTime();
      ModelInferResponse answer =
          GRPCInferenceServiceGrpc.newBlockingStub(retrying)
              .withDeadlineAfter(30, TimeUnit.SECONDS)
              .modelInfer(request("slow", 3).build());
      long tookMillis = (System.nanoTime() - begin) / 1_000_000;

      assertThat(hurried.getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
      assertThat(pushback(hurried)).isEqualTo("-1");
      assertThat(Tensor.of(answer)).containsExactly(Tensor.rows(1, 3).named("y"));
      // half of what a run takes, at least, and the run
      assertThat(tookMillis).isBetween(250L + 500, 20_000L);
      assertThat(gateway.metrics().sum("millrace_rejections_total", "model", "slow") - before)
          .isBetween(2.0, 5.0);
      running.get(20, TimeUnit.SECONDS);
      waiting.get(20, TimeUnit.SECONDS);
    } finally {
      TestGateway.closeChannel(retrying);
    }
  }

  @Test
  void inTritonsModeRefusalsAreTritons() throws Exception {
    List<Future<ModelInferResponse>> accepted = new ArrayList<>();
    try (Gate gate = Gate.of("triton").shut()) {
      accepted.add(occupy("triton", gate));
      accepted.add(send(request("triton", 1)));
      awaitQueued("triton", 1);

      StatusRuntimeException full = refusal(request("triton", 2));
      StatusRuntimeException late =
          refusal(request("triton", 3).putParameters("priority", number(1)));

      assertThat(full.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(full.getStatus().getDescription()).isEqualTo("Exceeds maximum queue size");
      assertThat(Long.parseLong(pushback(full))).isPositive();
      assertThat(late.getStatus().getCode()).isEqualTo(Code.UNAVAILABLE);
      assertThat(late.getStatus().getDescription()).isEqualTo("Request timeout expired");
    }
    for (Future<ModelInferResponse> answer : accepted) {
      answer.get(30, TimeUnit.SECONDS);
    }
  }

  // --- parameters

  @Test
  void requestsOfAHigherLevelOvertake() throws Exception {
    List<String> done = new CopyOnWriteArrayList<>();
    List<Future<?>> all = new ArrayList<>();
    try (Gate gate = Gate.of("levels").shut()) {
      all.add(occupy("levels", gate));
      int queued = 0;
      for (long level : new long[] {3, 0, 1}) {
        ModelInferRequest.Builder leveled =
            request("levels", queued).putParameters("priority", number(level)).setId("" + level);
        ListenableFuture<ModelInferResponse> answer =
            gateway.futureStub().modelInfer(leveled.build());
        answer.addListener(() -> done.add("" + level), Runnable::run);
        all.add(answer);
        awaitQueued("levels", ++queued);
      }
    }
    for (Future<?> answer : all) {
      answer.get(30, TimeUnit.SECONDS);
    }
    await().until(() -> done.size() == 3); // listeners run behind those who wait
    assertThat(done).containsExactly("1", "0", "3");
  }

  @Test
  void saysWhatIsWrongWithAParameter() {
    Map<String, ModelInferRequest.Builder> wrong = new LinkedHashMap<>();
    wrong.put("priority: 4 (expected 0..3)", with("slo", "priority", number(4)));
    wrong.put("priority: -1 (expected 0..3)", with("slo", "priority", number(-1)));
    wrong.put(
        "priority: 9223372036854775807 (expected 0..3)",
        with("slo", "priority", InferParameter.newBuilder().setUint64Param(-1).build()));
    wrong.put(
        "priority: 'high' (expected a whole number)",
        with("slo", "priority", InferParameter.newBuilder().setStringParam("high").build()));
    wrong.put(
        "timeout: -1 (expected 0 or more, in microseconds)", with("plain", "timeout", number(-1)));
    wrong.put(
        "timeout: 0.5 (expected a whole number)",
        with("plain", "timeout", InferParameter.newBuilder().setDoubleParam(0.5).build()));

    wrong.forEach(
        (problem, request) -> {
          StatusRuntimeException refusal = refusal(request);
          assertThat(refusal.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
          assertThat(refusal.getStatus().getDescription()).isEqualTo(problem);
          assertThat(pushback(refusal)).isEmpty();
        });
  }

  private static ModelInferRequest.Builder with(String model, String name, InferParameter value) {
    return request(model, 1).putParameters(name, value);
  }

  @Test
  void aRequestThatIsNotStartedWithinItsTimeoutIsAnsweredMeanwhile() throws Exception {
    Future<ModelInferResponse> running;
    try (Gate gate = Gate.of("small").shut()) {
      running = occupy("small", gate);

      StatusRuntimeException late = refusal(with("small", "timeout", number(30_000)));

      assertThat(late.getStatus().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
      assertThat(late.getStatus().getDescription())
          .isEqualTo("model 'small': not started within 30.0 ms, its timeout");
    }
    running.get(30, TimeUnit.SECONDS);
  }

  // --- deadlines

  /** Sends a timeout that a client of its own accord would not. */
  private static ClientInterceptor timeout(String value) {
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(
          MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        CallOptions endless = options.withDeadline(null);
        return new ForwardingClientCall.SimpleForwardingClientCall<Q, A>(
            next.newCall(method, endless)) {
          @Override
          public void start(Listener<A> listener, Metadata headers) {
            headers.put(Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER), value);
            super.start(listener, headers);
          }
        };
      }
    };
  }

  private static ModelInferResponse inferWithin(String model, String timeout) {
    return GRPCInferenceServiceGrpc.newBlockingStub(gateway.channel())
        .withInterceptors(timeout(timeout))
        .modelInfer(request(model, 1).build());
  }

  @ParameterizedTest
  @ValueSource(strings = {"1H", "99999999H", "99999999S"})
  void aDeadlineFarAwayIsServed(String timeout) {
    assertThat(Tensor.of(inferWithin("plain", timeout)))
        .containsExactly(Tensor.rows(1, 1).named("y"));
    assertThat(Tensor.of(inferWithin("slo", timeout)))
        .containsExactly(Tensor.rows(1, 1).named("y"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0n", "1n"})
  void aDeadlineThatIsPastEndsTheCallAtOnce(String timeout) {
    StatusRuntimeException late =
        catchThrowableOfType(StatusRuntimeException.class, () -> inferWithin("plain", timeout));

    // gRPC resets a stream whose deadline has passed before its answer was there
    assertThat(late.getStatus().getCode()).isIn(Code.DEADLINE_EXCEEDED, Code.CANCELLED);
    await().until(() -> gateway.metrics().sum("millrace_in_flight", "model", "plain") == 0);
  }

  @Test
  void aRequestWithoutADeadlineHasTheModels() throws Exception {
    Future<ModelInferResponse> running;
    try (Gate gate = Gate.of("slo").shut()) {
      running =
          GRPCInferenceServiceGrpc.newFutureStub(gateway.channel())
              .modelInfer(request("slo", 0).build());
      await().until(() -> gate.waiting() == 1);

      StatusRuntimeException late =
          catchThrowableOfType(
              StatusRuntimeException.class,
              () ->
                  GRPCInferenceServiceGrpc.newBlockingStub(gateway.channel())
                      .modelInfer(request("slo", 1).build()));

      assertThat(late.getStatus().getCode()).isIn(Code.DEADLINE_EXCEEDED, Code.RESOURCE_EXHAUSTED);
    }
    running.get(30, TimeUnit.SECONDS);
  }

  // --- Triton's batches

  @Test
  void aDelayMakesBatchesOfPreferredSizes() throws Exception {
    Future<ModelInferResponse> first = send(request("delayed", 1));
    awaitQueued("delayed", 1);
    Future<ModelInferResponse> second = send(request("delayed", 2));

    assertThat(Tensor.of(first.get(20, TimeUnit.SECONDS)))
        .containsExactly(Tensor.rows(1, 1).named("y"));
    assertThat(Tensor.of(second.get(20, TimeUnit.SECONDS)))
        .containsExactly(Tensor.rows(1, 2).named("y"));
    assertThat(gateway.metrics().sum("millrace_batches_total", "model", "delayed")).isEqualTo(1);
  }

  @Test
  void theConfigurationIsShownAsItRuns() {
    ModelConfig config =
        gateway
            .stub()
            .modelConfig(ModelConfigRequest.newBuilder().setName("triton").build())
            .getConfig();

    assertThat(config.getParametersMap().get("scheduler").getStringValue()).isEqualTo("triton");
    assertThat(config.getDynamicBatching())
        .isEqualTo(
            ModelDynamicBatching.newBuilder()
                .setPreserveOrdering(true)
                .setPriorityLevels(2)
                .setDefaultPriorityLevel(2)
                .setDefaultQueuePolicy(ModelQueuePolicy.newBuilder().setMaxQueueSize(1))
                .putPriorityQueuePolicy(
                    1, ModelQueuePolicy.newBuilder().setDefaultTimeoutMicroseconds(20_000).build())
                .build());
  }

  // --- tenants

  @ParameterizedTest
  @ValueSource(strings = {"gold", "somebody", ""})
  void aCallMayNameItsTenant(String name) {
    Metadata headers = new Metadata();
    headers.put(TEAM, name);

    assertThat(
            Tensor.of(
                gateway
                    .stub()
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                    .modelInfer(request("plain", 1).build())))
        .containsExactly(Tensor.rows(1, 1).named("y"));
  }
}
