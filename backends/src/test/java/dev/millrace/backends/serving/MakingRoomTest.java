// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.Declared;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Deployments that are seldom called, and one that needs their memory. */
@Timeout(30)
class MakingRoomTest {
  private static final long MIB = 1 << 20;
  private static final Autoscaling RARE = new Autoscaling(0, 1, Duration.ofHours(1));

  private final MemoryLedger memory =
      new MemoryLedger(100 * MIB, GpuLedger.unlimited(), System::nanoTime);
  private final ListedRepository repository = TestDeployments.oneModel();
  private final TestDeployments deployments =
      new TestDeployments(repository, memory, System::nanoTime);

  @BeforeEach
  void start() {
    repository.bytes.put("m", 15 * MIB);
    deployments.start();
  }

  @AfterEach
  void close() {
    deployments.close();
    assertThat(deployments.backend.openModels).hasValue(0);
    assertThat(memory.reservedBytes()).isZero();
  }

  private void deploy(String name, Autoscaling autoscaling) throws Exception {
    deployments.apply(name, "m", autoscaling, "");
    await().until(() -> isServing(name));
  }

  private void put(String model, long mib) {
    repository.put(model, 1, "a");
    repository.bytes.put(model, mib * MIB);
  }

  private boolean isServing(String name) {
    return !deployments.routes.ready(name).isEmpty();
  }

  private long serving(String... names) {
    return Stream.of(names).filter(this::isServing).count();
  }

  private String reason(String name) {
    return deployments.routes.statuses().stream()
        .filter(status -> status.name().equals(name))
        .map(ModelStatus::reason)
        .findFirst()
        .orElse("");
  }

  @Test
  void asManyLeaveTogetherAsAreNeeded() throws Exception {
    deploy("a", RARE);
    deploy("b", RARE);
    deploy("c", RARE);

    put("large", 30);
    deployments.apply("d", "large", Autoscaling.OFF, "");
    await().until(() -> isServing("d"));

    assertThat(serving("a", "b", "c")).isEqualTo(1);
    assertThat(memory.refusals()).as("the first try did").isZero();
  }

  @Test
  void noneLeavesWhereAllTogetherDoNotSuffice() throws Exception {
    deploy("pinned", Autoscaling.OFF);
    deploy("a", RARE);
    deploy("b", RARE);

    put("large", 40);
    deployments.apply("d", "large", Autoscaling.OFF, "");
    await().until(() -> memory.refusals() > 0);

    assertThat(serving("pinned", "a", "b")).isEqualTo(3);
    await()
        .until(
            () ->
                reason("d")
                    .equals(
                        "needs about 80.0 MiB of memory, and 10.0 MiB of 100.0 MiB are free"
                            + " (memory_budget)"));
  }

  @Test
  void aLargerBudgetBringsBackWhatDidNotFitAtAll() throws Exception {
    put("large", 60);
    deployments.apply("d", "large", Autoscaling.OFF, "");
    Declared declared = deployments.declared.get("d");
    await().until(() -> !declared.rejection().isEmpty());
    assertThat(declared.rejection())
        .isEqualTo(
            "version 1: needs about 120.0 MiB of memory, and 100.0 MiB of 100.0 MiB are free"
                + " (memory_budget)");

    memory.setBudgetBytes(120 * MIB);

    await().until(() -> isServing("d"));
    assertThat(declared.rejection()).isEmpty();
  }

  @Test
  void settingsThatDidNotFitAreTakenOnceTheBudgetIsLarger() throws Exception {
    deploy("a", Autoscaling.OFF);
    Declared declared = deployments.declared.get("a");
    memory.setBudgetBytes(20 * MIB);
    deployments.apply("a", "m", Autoscaling.OFF, "{\"slo\":\"2s\"}");
    await().until(() -> declared.configProblem().contains("(memory_budget)"));
    assertThat(isServing("a")).isTrue();

    memory.setBudgetBytes(60 * MIB);

    await().until(() -> declared.isConfigured() && declared.configProblem().isEmpty());
    assertThat(deployments.routes.ready("a").getFirst().manifest().scheduling().sloNanos())
        .isEqualTo(2_000_000_000L);
  }

  @Test
  void whatLackedMemoryIsLoadedWhenSomethingElseIsDeleted() throws Exception {
    deploy("pinned", Autoscaling.OFF);
    put("large", 40);
    deployments.apply("d", "large", Autoscaling.OFF, "");
    await().until(() -> memory.refusals() > 0);

    deployments.declared.delete("pinned", "test");

    await().until(() -> isServing("d"));
  }
}
