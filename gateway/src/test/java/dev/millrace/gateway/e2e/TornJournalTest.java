// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.admin.client.AdminClient;
import dev.millrace.admin.client.Outcome;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A gateway whose newest file of a deployment is not what it has written. */
@Timeout(90)
class TornJournalTest {
  @TempDir private Path folder;

  private TestGateway start() {
    return TestGateway.over(folder)
        .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
        .start();
  }

  private Path journal() {
    return folder.resolve("data/deployments/fraud.json");
  }

  private static long answering(TestGateway gateway) {
    return AddedNumber.answering(gateway.infer(Tensor.request("fraud", Tensor.rows(1, 1))));
  }

  private static void deploy(AdminClient admin, int version) throws Exception {
    admin.apply(
        DeploymentSpec.newBuilder().setName("fraud").setVersion(Integer.toString(version)).build());
    assertThat(admin.awaitReady("fraud", TestGateway.PATIENCE)).isInstanceOf(Outcome.Ready.class);
  }

  /** Version 1, then version 2, as two files on the disk. */
  private void deployBoth() throws Exception {
    try (TestGateway gateway = start()) {
      AdminClient admin = new AdminClient(gateway.channel());
      for (int version = 1; version <= 2; version++) {
        admin.push("fraud", Files.write(folder.resolve("model"), AddedNumber.model(version)));
        deploy(admin, version);
      }
      assertThat(answering(gateway)).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.05, 0.3, 0.6, 0.95})
  void theVersionBeforeOrTheNewOneAnswersWhereverTheFileEnds(double share) throws Exception {
    deployBoth();
    byte[] whole = Files.readAllBytes(journal());
    Files.write(journal(), Arrays.copyOf(whole, (int) (share * whole.length)));

    try (TestGateway gateway = start()) {
      assertThat(answering(gateway)).isIn(1L, 2L);
      AdminClient admin = new AdminClient(gateway.channel());
      deploy(admin, 2);
      assertThat(answering(gateway)).isEqualTo(2);
    }
    try (TestGateway gateway = start()) {
      assertThat(answering(gateway)).isEqualTo(2);
    }
  }

  @Test
  void whatCannotBeReadAtAllIsDeclaredAgainOverTheSameVersions() throws Exception {
    deployBoth();
    Files.writeString(journal(), "torn");
    Files.writeString(journal().resolveSibling("fraud.json.before"), "torn as well");

    try (TestGateway gateway = start()) {
      AdminClient admin = new AdminClient(gateway.channel());
      assertThat(admin.allDeployments().getDeploymentsCount()).isZero();
      deploy(admin, 2);
      assertThat(answering(gateway)).isEqualTo(2);
    }
  }
}
