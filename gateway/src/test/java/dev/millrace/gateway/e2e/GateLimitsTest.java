// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.cli.TestShell;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.inference.ModelInferResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rollouts whose gates limit metrics, declared in files as a user writes them. */
@Timeout(90)
class GateLimitsTest {
  private final TestShell shell = new TestShell();

  @TempDir private Path folder;
  private TestGateway gateway;

  @BeforeEach
  void deployTheFirstVersion() throws Exception {
    start();
    push("a.onnx", OnnxModels.identity(DataType.FP32, "n", 4));
    push("b.onnx", OnnxModels.unary("Neg", DataType.FP32, "n", 4));
    ok("apply", "-f", file("name: fraud\nversion: 1\n"));
    ok("wait", "fraud", "--ready", "--timeout", "30");
  }

  private void start() {
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .start();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private void push(String name, byte[] onnx) throws Exception {
    ok("registry", "push", "fraud", Files.write(folder.resolve(name), onnx).toString());
  }

  private String file(String content) throws Exception {
    return Files.writeString(folder.resolve("fraud.yaml"), content).toString();
  }

  private TestShell.Run run(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--server");
    all.add("127.0.0.1:" + gateway.gateway().grpcPort());
    return shell.run(all.toArray(String[]::new));
  }

  private String ok(String... arguments) {
    TestShell.Run run = run(arguments);
    assertThat(run.err()).isEmpty();
    return run.out();
  }

  /** A canary whose steps would last for a minute. */
  private static String canary(String... limits) {
    return """
        name: fraud
        version: 2
        update:
          steps: [50]
          bake: 60s
          gates:
            limits:
        """
        + String.join("", List.of(limits).stream().map(l -> "    - " + l + "\n").toList());
  }

  private String ask() {
    ModelInferResponse answer = gateway.infer(Tensor.request("fraud", Tensor.rows(1, 1)));
    return answer.getModelVersion();
  }

  /** The last of what happened, when the canary is over. */
  private String awaitEnd() {
    await()
        .atMost(TestGateway.PATIENCE)
        .until(
            () -> {
              ask();
              return ok("deployments", "fraud").contains("ROLLED_BACK");
            });
    assertThat(ask()).isEqualTo("1");
    return ok("events", "fraud").lines().toList().getLast();
  }

  @Test
  void aQuantileAboveItsLimitTakesTheVersionBackAndTheEventSaysWhy() throws Exception {
    ok(
        "apply",
        "-f",
        file(
            canary(
                "{metric: millrace_execution_seconds, ratio_to_stable: 1000}",
                "{metric: millrace_request_seconds, quantile: 0.5, max: 0.000001}")));

    assertThat(awaitEnd())
        .matches(
            ".* rolled-back .*\\(millrace_request_seconds quantile 0.5 0\\.0\\d+ \\(expected at most 0.000001\\)\\).*");
    assertThat(run("wait", "fraud", "--ready").exitCode()).isEqualTo(1);
  }

  @Test
  void whatIsNeverToBeCountedTakesTheVersionBackWithTheFirst() throws Exception {
    ok(
        "apply",
        "-f",
        file(canary("{metric: millrace_requests_total, labels: {outcome: ok}, max: 0}")));

    assertThat(awaitEnd())
        .containsPattern(
            "millrace_requests_total\\{outcome=ok} per request: \\d+ in [\\d.]+ s, of \\d+ requests \\(expected none\\)");
  }

  @Test
  void aGaugeIsWatchedEvenWithoutRequests() throws Exception {
    ok("apply", "-f", file(canary("{metric: millrace_replicas, max: 0.5}")));

    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> ok("deployments", "fraud").contains("ROLLED_BACK"));
    assertThat(ok("events", "fraud")).contains("millrace_replicas 1 (expected at most 0.5)");
  }

  @Test
  void limitsAreToldInADryRunAndSurviveARestart() throws Exception {
    String declared =
        file(
            canary(
                "{metric: millrace_queue_seconds, quantile: 0.99, max: 0.005}",
                "{metric: millrace_rejections_total, per: second, ratio_to_stable: 2}"));
    assertThat(ok("apply", "-f", declared, "--dry-run"))
        .contains(
            "version: 1 → 2",
            "update.steps: [100] → [50, 100]",
            "update.bake: none → 60s",
            "update.gates.limits: millrace_queue_seconds quantile 0.99: none → max 0.005",
            "update.gates.limits: millrace_rejections_total per second: none → ratio_to_stable 2")
        .doesNotContain("max_p99", "Strategy");
    ok("apply", "-f", declared);
    gateway.close();
    start();

    assertThat(ok("apply", "-f", declared)).contains("unchanged");
  }

  @Test
  void aWrongLimitIsRefusedWithWhatWasExpected() throws Exception {
    TestShell.Run refused =
        run(
            "apply",
            "-f",
            file(
                canary(
                    "{metric: millrace_request_queue_seconds, max: 1}",
                    "{metric: millrace_cache_bytes, max: 1}",
                    "{metric: millrace_replicas, quantile: 0.5, per: second}",
                    "{metric: millrace_requests_total, labels: {outcome: enigne}, max: -1}",
                    "{metric: millrace_rows_total, labels: {model: x}, max: 1, ratio_to_stable: 2}",
                    "{metric: millrace_queue_seconds, quantile: 1, per: day, max: 1}")));

    assertThat(refused.exitCode()).isNotZero();
    assertThat(refused.err())
        .contains(
            "limits[0].metric: 'millrace_request_queue_seconds' (expected a metric of versions, such as millrace_request_seconds, millrace_",
            "millrace_queue_seconds",
            "limits[1].metric: 'millrace_cache_bytes' (expected a metric of versions",
            "limits[2].quantile: '0.5' (expected none: millrace_replicas is a gauge)",
            "limits[2].per: 'second' (expected none: millrace_replicas is a gauge)",
            "limits[2]: no bound (expected one of max and ratio_to_stable)",
            "limits[3].labels.outcome: 'enigne' (expected ok, not_found,",
            "limits[3].max: '-1.0' (expected at least 0)",
            "limits[4].labels: 'model' (expected none, besides model and version)",
            "limits[4]: both max and ratio_to_stable (expected one of max and ratio_to_stable)",
            "limits[5].quantile: '1.0' (expected between 0 and 1)",
            "limits[5].per: 'day' (expected none: millrace_queue_seconds is a histogram)");
  }
}
