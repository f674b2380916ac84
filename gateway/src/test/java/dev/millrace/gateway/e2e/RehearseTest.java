// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.gateway.cli.TestShell;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ModelLocation;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher has a gateway do while its start is recorded. */
@Timeout(120)
class RehearseTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

  @TempDir private Path folder;

  @Test
  void swapsVersionsChangesReplicasAndGoesThroughCanaries() {
    try (TestGateway gateway =
        TestGateway.over(folder)
            .set(ConfigKey.REPOSITORIES, ModelLocation.folders(HOME.resolve("deploy/demo/models")))
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .start()) {
      String address = "127.0.0.1:" + gateway.gateway().grpcPort();

      TestShell.Run run =
          TestShell.at(HOME)
              .run("rehearse", "--server", address, "--millis", "30", "--swaps", "10");

      assertThat(run.err()).isEmpty();
      assertThat(run.exitCode()).isZero();
      String events = new TestShell().run("events", "rehearsal", "--server", address).out();
      // the first one, and ten swaps
      assertThat(events.split("rollout-done", -1)).hasSize(12);
      assertThat(events).contains("50 %", "scaled  1 → 4", "scaled  4 → 1");
    }
  }
}
