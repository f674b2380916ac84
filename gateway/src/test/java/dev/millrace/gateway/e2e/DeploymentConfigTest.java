// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.ModelConfig;
import dev.millrace.proto.inference.ModelConfigRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A deployment's own settings, over those of a model whose requests take 20 ms. */
@Timeout(90)
class DeploymentConfigTest {
  @TempDir private Path folder;
  private TestGateway gateway;

  @BeforeEach
  void start() {
    gateway =
        TestGateway.over(folder)
            .echo("echo", "slow", "delay_micros_per_batch = 20000\n", "max_batch_size: 8")
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .start();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private HttpResponse<String> apply(String config) {
    return gateway.send(
        "PUT",
        "/admin/v1/deployments/d",
        "{\"model\": \"slow\", \"config\": {%s}}".formatted(config));
  }

  private void deploy(String config) {
    HttpResponse<String> answer = apply(config);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    awaitReady();
  }

  private String status() {
    return gateway.get("/admin/v1/deployments/d").body().replaceAll("\\s+", " ");
  }

  private void awaitReady() {
    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> status().contains("\"type\": \"Ready\", \"status\": true"));
  }

  private ModelConfig config(String model) {
    return gateway
        .stub()
        .modelConfig(ModelConfigRequest.newBuilder().setName(model).build())
        .getConfig();
  }

  private int maxBatchSize(String model) {
    return config(model).getMaxBatchSize();
  }

  /** Of so many requests at once, which bring no deadline, how many are too late. */
  private long late(int requests) {
    var stub = GRPCInferenceServiceGrpc.newFutureStub(gateway.channel());
    List<Future<ModelInferResponse>> answers =
        Stream.generate(() -> Tensor.request("d", Tensor.rows(1, 1)).build())
            .limit(requests)
            .<Future<ModelInferResponse>>map(stub::modelInfer)
            .toList();
    return answers.stream()
        .filter(
            answer -> {
              try {
                answer.get(TestGateway.PATIENCE.toSeconds(), TimeUnit.SECONDS);
                return false;
              } catch (ExecutionException e) {
                assertThat(e).hasMessageContaining("DEADLINE_EXCEEDED");
                return true;
              } catch (InterruptedException | TimeoutException e) {
                throw new AssertionError(e);
              }
            })
        .count();
  }

  private void infer() {
    gateway.infer(Tensor.request("d", Tensor.rows(1, 1)));
  }

  @Test
  void overlayTheModelsOwnForThisDeploymentAndSurviveARestart() {
    deploy("\"max_batch_size\": 4");
    assertThat(maxBatchSize("d")).isEqualTo(4);
    assertThat(maxBatchSize("slow")).isEqualTo(8);

    gateway.close();
    start();
    awaitReady();
    assertThat(maxBatchSize("d")).isEqualTo(4);

    deploy("");
    assertThat(maxBatchSize("d")).isEqualTo(8);
  }

  @Test
  void areChangedUnderRequestsWithoutAFailure() throws Exception {
    deploy("\"max_batch_size\": 4, \"slo\": \"10s\"");
    AtomicBoolean stop = new AtomicBoolean();
    CompletableFuture<Integer> calls =
        CompletableFuture.supplyAsync(
            () -> {
              int done = 0;
              while (!stop.get()) {
                infer();
                done++;
              }
              return done;
            });
    for (int rows = 1; rows <= 6; rows++) {
      deploy("\"max_batch_size\": %d, \"slo\": \"%ds\"".formatted(rows, rows));
      assertThat(maxBatchSize("d")).isEqualTo(rows);
      assertThat(config("d").getParametersMap().get("slo").getStringValue()).isEqualTo(rows + "s");
    }
    stop.set(true);
    assertThat(calls.get(30, TimeUnit.SECONDS)).isGreaterThan(5);

    assertThat(late(20)).isZero();
    deploy("\"max_batch_size\": 1, \"slo\": \"50ms\"");
    assertThat(late(20)).isPositive();
  }

  @Test
  void changesAreALineForEachKeyAndTheSameAgainIsNone() {
    deploy("\"slo\": \"20s\", \"threads\": 1");

    assertThat(apply("\"threads\": 1, \"slo\": \"20s\"").body()).contains("\"changes\": []");
    assertThat(apply("\"threads\": 1, \"slo\": \"50s\", \"max_batch_size\": 2").body())
        .contains("config.max_batch_size: the model's own → 2", "config.slo: 20s → 50s")
        .doesNotContain("config.threads");
  }

  @Test
  void thatAreWrongAreRefusedAndThoseThatDoNotFitLeaveWhatServes() {
    deploy("\"max_batch_size\": 4");

    HttpResponse<String> wrong = apply("\"slow\": \"1s\", \"replicas\": 2, \"threads\": 0.5");
    assertThat(wrong.statusCode()).isEqualTo(400);
    assertThat(wrong.body())
        .contains(
            "config.slow: unknown key (did you mean 'slo'?)",
            "config.replicas: has no place here (expected replicas or autoscale",
            "config.threads: 0.5 (expected 1..1024)");

    assertThat(apply("\"queue_delay\": \"1ms\"").statusCode()).isEqualTo(200);
    String problem = "config.queue_delay: without effect with scheduler: auto (expected triton)";
    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> status().contains("\"type\": \"Failed\", \"status\": true"));
    assertThat(status()).contains("version 1: " + problem);
    infer();
    assertThat(maxBatchSize("d")).isEqualTo(4);

    deploy("\"max_batch_size\": 2");
    assertThat(maxBatchSize("d")).isEqualTo(2);
  }
}
