// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Models that are unloaded while nobody calls them, and loaded again by the next call. */
@Timeout(90)
class OnDemandTest {
  private static final byte[] SAME = OnnxModels.identity(DataType.FP32, "n", 4);
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);
  private static final String RARE =
      "{\"model\": \"m\", \"autoscale\": {\"min\": 0, \"max\": 2, \"downAfter\": \"1s\"}}";

  @TempDir private Path folder;
  private TestGateway gateway;

  @BeforeEach
  void start() {
    gateway =
        TestGateway.over(folder)
            .model("m", SAME)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .start();
    gateway.deploy("rare", RARE);
    await().atMost(TestGateway.PATIENCE).until(() -> state().equals("READY"));
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private String state() {
    return gateway.index("rare", "1").map(index -> index.getState()).orElse("");
  }

  private void awaitAsleep() {
    await()
        .atMost(TestGateway.PATIENCE)
        .untilAsserted(
            () ->
                assertThat(gateway.index("rare", "1").orElseThrow().getReason())
                    .isEqualTo("asleep, and loaded when it is called"));
  }

  private float first() {
    return gateway.infer("rare", Tensor.rows(1, 1)).getFirst().floatValues()[0];
  }

  @Test
  void sleepsWhileNobodyCallsAndAnswersWhoeverDoes() {
    awaitAsleep();
    assertThat(state()).isEqualTo("UNAVAILABLE");
    assertThat(gateway.get("/admin/v1/deployments/rare").body())
        .containsPattern("\"type\": \"Ready\",\\s*\"status\": true");
    assertThat(gateway.get("/v2/health/ready").statusCode()).isEqualTo(200);

    assertThat(first()).isEqualTo(1);
    assertThat(state()).isEqualTo("READY");
    awaitAsleep();
  }

  @Test
  void everyCallOfManyThatWakeItIsAnswered() throws Exception {
    awaitAsleep();
    List<ListenableFuture<ModelInferResponse>> answers = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      answers.add(
          gateway.futureStub().modelInfer(Tensor.request("rare", Tensor.rows(1, i)).build()));
    }

    for (int i = 0; i < answers.size(); i++) {
      ModelInferResponse answer = answers.get(i).get(30, TimeUnit.SECONDS);
      assertThat(Tensor.of(answer).getFirst().floatValues()[0]).isEqualTo(i);
    }
  }

  @Test
  void aCallWaitsNoLongerThanItsDeadlineAndOneThatIsGivenUpLeavesNothing() {
    awaitAsleep();
    ListenableFuture<ModelInferResponse> given =
        gateway.futureStub().modelInfer(Tensor.request("rare", Tensor.rows(1, 1)).build());
    given.cancel(true);

    Status status = Status.OK;
    try {
      gateway
          .stub()
          .withDeadlineAfter(1, TimeUnit.MILLISECONDS)
          .modelInfer(Tensor.request("rare", Tensor.rows(1, 1)).build());
    } catch (StatusRuntimeException e) {
      status = e.getStatus();
    }

    assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(first()).isEqualTo(1); // and nothing is in flight when the gateway closes
  }

  @Test
  void sleepsAfterARestartUntilItIsCalled() {
    gateway.close();
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .start();
    awaitAsleep();

    assertThat(first()).isEqualTo(1);
  }

  @Test
  void wakesForANewVersionAndSleepsAgain() {
    awaitAsleep();
    TestGateway.write(folder.resolve("models/m/2/model.onnx"), NEGATED);
    gateway.deploy("rare", RARE.replace("\"model\"", "\"version\": \"2\", \"model\""));
    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> gateway.index("rare", "2").map(i -> i.getState()).orElse("").equals("READY"));
    await().atMost(TestGateway.PATIENCE).until(() -> first() == -1); // ready, and soon gets calls
    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> gateway.index("rare", "2").orElseThrow().getState().equals("UNAVAILABLE"));

    assertThat(first()).isEqualTo(-1);
  }

  @Test
  void aModelThatCannotBeLoadedAgainIsSaidToTheCaller() {
    awaitAsleep();
    TestGateway.write(folder.resolve("models/m/1/model.onnx"), new byte[] {1, 2, 3});

    Status status = Status.OK;
    try {
      first();
    } catch (StatusRuntimeException e) {
      status = e.getStatus();
    }

    assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(status.getDescription()).contains("not an ONNX model");
  }
}
