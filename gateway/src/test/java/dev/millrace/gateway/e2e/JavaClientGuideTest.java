// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.guides.Guide;
import dev.millrace.gateway.samples.ScoringClient;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The sample of the guide to Java clients, against gateways that die and that are full. */
@Timeout(90)
class JavaClientGuideTest {
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  private final AddressList addresses = new AddressList();

  @TempDir private Path folder;

  @AfterEach
  void forgetTheAddresses() {
    addresses.close();
  }

  private static float[] row(int i) {
    return new float[] {i, i + 1, i + 2, i + 3};
  }

  private static float[] negated(int i) {
    return new float[] {-(float) i, -i - 1, -i - 2, -i - 3};
  }

  private static String addressOf(TestGateway gateway) {
    return "127.0.0.1:" + gateway.gateway().grpcPort();
  }

  private static double answered(Exposition metrics) {
    return metrics.sum("millrace_requests_total", "model", "fraud", "outcome", "ok");
  }

  @Test
  void twoApplicationsLoseNoCallWhenOneOfTwoGatewaysIsKilled() throws Exception {
    try (TestGateway stays =
            TestGateway.over(folder)
                .model("fraud", NEGATED)
                .set(ConfigKey.TENANT_HEADER, "x-application")
                .start();
        GatewayProcess dies = GatewayProcess.over(stays.repository());
        ScoringClient shop = client(stays, dies, "shop");
        ScoringClient risk = client(stays, dies, "risk");
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      await()
          .atMost(TestGateway.PATIENCE)
          .until(
              () -> {
                shop.score(row(0), PATIENCE);
                return answered(dies.metrics()) > 0 && answered(stays.metrics()) > 0;
              });
      AtomicInteger done = new AtomicInteger();
      List<Future<?>> callers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        ScoringClient application = i % 2 == 0 ? shop : risk;
        callers.add(threads.submit(() -> score(application, 250, done)));
      }
      await().until(() -> done.get() > 400);
      assertThat(answered(dies.metrics())).isGreaterThan(50);
      dies.kill();

      for (Future<?> caller : callers) {
        caller.get(60, TimeUnit.SECONDS);
      }
      assertThat(done).hasValue(8 * 250);
      // all that came after
      assertThat(answered(stays.metrics())).isGreaterThan(1000);
    }
  }

  private static ScoringClient client(TestGateway one, GatewayProcess other, String application) {
    return new ScoringClient(
        AddressList.target(addressOf(one), other.grpcAddress()), "fraud", application);
  }

  private static void score(ScoringClient client, int calls, AtomicInteger done) {
    for (int i = 0; i < calls; i++) {
      assertThat(client.score(row(i), PATIENCE)).containsExactly(negated(i));
      done.incrementAndGet();
    }
  }

  @Test
  void aCallThatIsRefusedIsTriedAgainAfterAsLongAsTheGatewaySays() throws Exception {
    try (TestGateway gateway = slow();
        ScoringClient client = new ScoringClient(addressOf(gateway), "slow", "shop")) {
      client.score(row(1), PATIENCE); // so that it is known what a run takes
      Future<ModelInferResponse> running = occupy(gateway);
      Future<ModelInferResponse> waiting = send(gateway);
      await().until(() -> gateway.metrics().sum("millrace_queued_rows", "model", "slow") == 1);

      long pushbackMillis = refusal(gateway);
      long begin = System.nanoTime();
      assertThat(client.score(row(5), PATIENCE)).containsExactly(row(5));
      long tookMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);

      // by its own pace the client would have made its four attempts in a fifth of a second
      assertThat(pushbackMillis).isGreaterThan(200);
      assertThat(tookMillis).isGreaterThan(pushbackMillis / 2);
      assertThat(gateway.metrics().sum("millrace_rejections_total", "model", "slow"))
          .isBetween(2.0, 4.0);
      running.get(20, TimeUnit.SECONDS);
      waiting.get(20, TimeUnit.SECONDS);
    }
  }

  /** Half a second a row, one after the other, and one may wait. */
  private TestGateway slow() {
    return TestGateway.over(folder)
        .set(ConfigKey.INLINE_BUDGET, Duration.ZERO)
        .echo(
            "echo",
            "slow",
            "inputs = x FP32[-1,4]\ndelay_micros_per_row = 500000",
            "max_queued_rows: 1",
            "max_batch_size: 1")
        .start();
  }

  private static Future<ModelInferResponse> send(TestGateway gateway) {
    return gateway.futureStub().modelInfer(Tensor.request("slow", Tensor.rows(1, 2)).build());
  }

  private static Future<ModelInferResponse> occupy(TestGateway gateway) {
    Future<ModelInferResponse> running = send(gateway);
    await()
        .until(
            () ->
                gateway.metrics().sum("millrace_in_flight", "model", "slow") == 1
                    && gateway.metrics().sum("millrace_queued_rows", "model", "slow") == 0);
    return running;
  }

  /** What a client without retries is told. */
  private static long refusal(TestGateway gateway) {
    try {
      gateway.infer("slow", Tensor.rows(1, 3));
      throw new AssertionError("not refused");
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      Metadata trailers = e.getTrailers();
      assertThat(trailers).isNotNull();
      return Long.parseLong(String.valueOf(trailers.get(PUSHBACK)));
    }
  }

  @Test
  void whatNoRetryMakesBetterFailsAtOnce() {
    try (TestGateway gateway = TestGateway.over(folder).model("fraud", NEGATED).start();
        ScoringClient client = new ScoringClient(addressOf(gateway), "fraud", "shop");
        ScoringClient astray = new ScoringClient(addressOf(gateway), "nothing", "shop")) {
      assertThatThrownBy(() -> client.score(new float[5], PATIENCE))
          .hasMessageContaining("INVALID_ARGUMENT");
      assertThatThrownBy(() -> astray.score(row(1), PATIENCE)).hasMessageContaining("NOT_FOUND");
      assertThat(gateway.metrics().sum("millrace_requests_total", "model", "fraud")).isEqualTo(1);
    }
  }

  @Test
  void theGuideShowsTheSampleAsItIs() throws Exception {
    Guide.read("java-client.md").requireShows(ScoringClient.class);
  }
}
