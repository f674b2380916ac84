// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What clients see of an engine that hangs, here at 13 and for a second. */
@Timeout(60)
@ExtendWith(NettyLeaks.class)
class HangTest {
  private static final String MODEL = "hanging";

  @TempDir private Path folder;

  private TestGateway start(Duration inlineBudget) {
    TestGateway gateway =
        TestGateway.over(folder)
            .set(ConfigKey.INLINE_BUDGET, inlineBudget)
            .model("negate", OnnxModels.unary("Neg", DataType.FP32, "n", 4))
            .echo("echo", MODEL, "inputs = x FP32[-1,4]\nhang_when = 13", "max_run_time: 1s")
            .start();
    gateway.infer(MODEL, Tensor.rows(1, 1)); // what it costs is known
    return gateway;
  }

  private static void assertFails(
      TestGateway gateway, long deadlineMillis, Status.Code code, String description) {
    assertThatThrownBy(
            () ->
                gateway
                    .stub()
                    .withDeadlineAfter(deadlineMillis, TimeUnit.MILLISECONDS)
                    .modelInfer(Tensor.request(MODEL, Tensor.rows(1, 13)).build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(code);
              assertThat(e.getStatus().getDescription()).contains(description);
            });
  }

  private static void assertServes(TestGateway gateway) {
    assertThat(gateway.infer(MODEL, Tensor.rows(1, 2)))
        .containsExactly(Tensor.rows(1, 2).named("y"));
    gateway.awaitIdle();
    assertThat(gateway.metrics().sum("millrace_suspect_replicas")).isZero();
  }

  @Test
  void requestsEndAtTheirDeadlineAndOtherModelsServeMeanwhile() {
    try (TestGateway gateway = start(Duration.ZERO)) {
      assertFails(gateway, 300, Status.Code.DEADLINE_EXCEEDED, "");
      assertThat(gateway.infer("negate", Tensor.rows(1, 1))).hasSize(1);
      await()
          .pollInterval(Duration.ofMillis(10))
          .until(() -> gateway.metrics().sum("millrace_suspect_replicas", "model", MODEL) == 1);
      assertThat(gateway.metrics().sum("millrace_in_flight", "model", MODEL))
          .as("its memory is read")
          .isEqualTo(1);
      assertThat(gateway.metrics().sum("millrace_terminated_runs_total")).isZero();

      assertServes(gateway);
      assertThat(gateway.metrics().sum("millrace_terminated_runs_total", "model", MODEL))
          .isEqualTo(1);
      assertThat(
              gateway
                  .metrics()
                  .sum("millrace_requests_total", "model", MODEL, "outcome", "expired"))
          .isEqualTo(1);
    }
  }

  @Test
  void requestsThatCanWaitLongerAreToldThatTheEngineDidNotAnswer() {
    try (TestGateway gateway = start(Duration.ZERO)) {
      assertFails(gateway, 20_000, Status.Code.INTERNAL, "the engine did not answer within 1.0");
      assertServes(gateway);
    }
  }

  @Test
  void anEventLoopThatHangsComesBack() {
    try (TestGateway gateway = start(Duration.ofMillis(50))) {
      assertFails(gateway, 300, Status.Code.DEADLINE_EXCEEDED, "");
      await()
          .pollInterval(Duration.ofMillis(10))
          .until(() -> gateway.metrics().sum("millrace_suspect_replicas", "model", MODEL) == 1);
      assertServes(gateway); // through the same event loop
      assertThat(gateway.metrics().sum("millrace_terminated_runs_total", "model", MODEL))
          .isEqualTo(1);
    }
  }
}
