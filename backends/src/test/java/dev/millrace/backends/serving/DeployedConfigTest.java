// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.Declared;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Settings of a deployment that change while its version serves. */
@Timeout(30)
class DeployedConfigTest {
  private final ListedRepository repository = TestDeployments.oneModel();
  private final TestDeployments deployments = new TestDeployments(repository, System::nanoTime);

  @BeforeEach
  void deploy() throws Exception {
    deployments.start();
    sloSeconds(1);
    awaitServed(1);
  }

  @AfterEach
  void close() {
    deployments.close();
    assertThat(deployments.backend.openModels).hasValue(0);
  }

  private void sloSeconds(int seconds) throws Exception {
    deployments.apply("d", "m", Autoscaling.OFF, "{\"slo\":\"%ds\"}".formatted(seconds));
  }

  private List<Long> served() {
    return deployments.routes.ready("d").stream()
        .map(served -> served.manifest().scheduling().sloNanos() / 1_000_000_000)
        .toList();
  }

  private void awaitServed(long seconds) throws Exception {
    Declared deployment = deployments.declared.get("d");
    await().until(() -> served().equals(List.of(seconds)) && deployment.isConfigured());
    // it serves a moment before it is told that it does
    await().until(() -> deployment.configProblem().isEmpty());
  }

  private void awaitProblem(String expected) throws Exception {
    Declared deployment = deployments.declared.get("d");
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
    await().until(() -> deployments.backend.openModels.get() == 1);
  }

  @Test
  void thatTheEngineRefusesLeaveWhatServesUntilOthersAreDeclared() throws Exception {
    deployments.backend.refuseToLoad = true;
    sloSeconds(2);
    awaitProblem("told to fail");
    assertThat(served()).containsExactly(1L);

    deployments.backend.refuseToLoad = false;
    sloSeconds(3);
    awaitServed(3);
  }
}
