// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.deployment.UpdateStrategy;
import dev.millrace.backends.gate.MetricSource;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.batching.Fairness;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Settings of a deployment that change while its version serves. */
@Timeout(30)
class DeployedConfigTest {
  private final ScriptedBackend backend = new ScriptedBackend();
  private final ListedRepository repository = new ListedRepository();
  private final Routes routes = new Routes(() -> {});
  private final InstantSource clock = InstantSource.system();
  private final Deployments declared =
      new Deployments(AutoscalerTest.MEMORY, new EventLog(clock), clock);
  private final Reconciler reconciler =
      new Reconciler(
          repository,
          List.of(backend),
          routes,
          declared,
          false,
          Chosen.all(),
          MemoryLedger.unlimited(),
          TimeUnit.SECONDS.toNanos(10),
          Inlining.OFF,
          Fairness.NONE,
          MetricSource.NONE,
          System::nanoTime);

  @BeforeEach
  void deploy() throws Exception {
    repository.put("m", 1, "a");
    reconciler.start(0, TimeUnit.DAYS.toNanos(1));
    sloSeconds(1);
    awaitServed(1);
  }

  @AfterEach
  void close() {
    reconciler.close();
    assertThat(backend.openModels).hasValue(0);
  }

  private void sloSeconds(int seconds) throws Exception {
    declared.apply(
        new DeploymentSpec(
            "d",
            "m",
            List.of(new DeploymentSpec.Target(new VersionSelector.Exactly(1), 100)),
            0,
            Autoscaling.OFF,
            UpdateStrategy.ALL_AT_ONCE,
            "",
            Map.of(),
            Optional.empty(),
            "",
            "{\"slo\":\"%ds\"}".formatted(seconds)),
        0,
        false,
        "test");
  }

  private List<Long> served() {
    return routes.ready("d").stream()
        .map(served -> served.manifest().scheduling().sloNanos() / 1_000_000_000)
        .toList();
  }

  private void awaitServed(long seconds) throws Exception {
    Declared deployment = declared.get("d");
    await().until(() -> served().equals(List.of(seconds)) && deployment.isConfigured());
    assertThat(deployment.configProblem()).isEmpty();
  }

  private void awaitProblem(String expected) throws Exception {
    Declared deployment = declared.get("d");
    await().until(() -> deployment.configProblem().equals("version 1: " + expected));
  }

  @Test
  void areTriedAgainUntilTheRepositoryCanBeRead() throws Exception {
    repository.broken = true;
    sloSeconds(2);
    awaitProblem("unplugged");
    assertThat(served()).containsExactly(1L);

    repository.broken = false;
    awaitServed(2);
    await().until(() -> backend.openModels.get() == 1);
  }

  @Test
  void thatTheEngineRefusesLeaveWhatServesUntilOthersAreDeclared() throws Exception {
    backend.refuseToLoad = true;
    sloSeconds(2);
    awaitProblem("told to fail");
    assertThat(served()).containsExactly(1L);

    backend.refuseToLoad = false;
    sloSeconds(3);
    awaitServed(3);
  }
}
