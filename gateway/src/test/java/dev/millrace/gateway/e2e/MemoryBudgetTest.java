// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.admin.client.AdminClient;
import dev.millrace.admin.client.AdminException;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.gateway.config.ConfigKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Memory for fewer models than there are: two of these fit, each of 1 MiB of weights. */
@Timeout(90)
class MemoryBudgetTest {
  private static final byte[] LARGE = OnnxModels.mlp(4, 65_536 / 2, 4);
  private static final String RARE =
      "{\"model\": \"%s\", \"autoscale\": {\"min\": 0, \"max\": 1, \"downAfter\": \"3600s\"}}";

  @TempDir private Path folder;
  private TestGateway gateway;

  private TestGateway.Builder models() {
    return TestGateway.over(folder)
        .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
        .set(ConfigKey.MEMORY_BUDGET, 2L * 2 * LARGE.length + 100_000);
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private String state(String model) {
    return gateway.index(model, "1").map(index -> index.getState()).orElse("");
  }

  private void awaitState(String model, String state) {
    Awaitility.await()
        .atMost(TestGateway.PATIENCE)
        .untilAsserted(() -> assertThat(state(model)).isEqualTo(state));
  }

  @Test
  void aModelThatDoesNotFitIsRefusedWithFigures() {
    gateway = models().model("a", LARGE).model("b", LARGE).model("c", LARGE).start();

    assertThat(state("a")).isEqualTo("READY");
    assertThat(state("b")).isEqualTo("READY");
    assertThat(gateway.index("c", "1").orElseThrow().getReason())
        .matches(
            "needs about 2.3 MiB of memory, and 97.7 KiB of 4.6 MiB are free \\(memory_budget\\)");
    Exposition metrics = gateway.metrics();
    assertThat(metrics.sum("millrace_memory_budget_bytes")).isEqualTo(4.0 * LARGE.length + 100_000);
    assertThat(metrics.sum("millrace_memory_reserved_bytes")).isEqualTo(4.0 * LARGE.length);
    assertThat(metrics.sum("millrace_memory_refusals_total")).isPositive();
  }

  @Test
  void aPushThatDoesNotFitBesideWhatServesIsRefusedWithFigures() throws Exception {
    gateway = models().model("a", LARGE).model("b", LARGE).start();
    AdminClient client = new AdminClient(gateway.channel());
    Path file = Files.write(folder.resolve("pushed.onnx"), LARGE);

    assertThatExceptionOfType(AdminException.class)
        .isThrownBy(() -> client.push("c", file))
        .withMessageMatching(
            ".*cannot be tried out: needs about 2.3 MiB of memory, and 97.7 KiB of 4.6 MiB are free"
                + " \\(memory_budget\\).*");
    assertThat(client.models().getModelsList()).isEmpty();

    client.set("memory_budget", "1GiB");
    assertThat(client.push("c", file).getVersion()).isEqualTo(1);
    assertThat(gateway.metrics().sum("millrace_memory_reserved_bytes"))
        .as("given back when it has been tried out")
        .isEqualTo(4.0 * LARGE.length);
  }

  @Test
  void whatNobodyHasCalledForLongestMakesRoom() {
    gateway = models().file("readme.txt", "none is served as listed").start();
    for (String model : new String[] {"a", "b", "c"}) {
      TestGateway.write(folder.resolve("models/" + model + "/1/model.onnx"), LARGE);
    }
    gateway.deploy("first", RARE.formatted("a"));
    awaitState("first", "READY");
    gateway.deploy("second", RARE.formatted("b"));
    awaitState("second", "READY");
    gateway.infer("second", Tensor.rows(1, 1));
    long called = System.currentTimeMillis();
    Awaitility.await().until(() -> System.currentTimeMillis() > called);
    gateway.infer("first", Tensor.rows(1, 1)); // the second is the one idle for longer
    gateway.deploy("third", RARE.formatted("c"));
    awaitState("third", "READY");

    assertThat(state("first")).isEqualTo("READY");
    assertThat(state("second")).isEqualTo("UNAVAILABLE");
    assertThat(gateway.infer("second", Tensor.rows(1, 1))).hasSize(1); // and another makes room
    assertThat(state("second")).isEqualTo("READY");
  }
}
