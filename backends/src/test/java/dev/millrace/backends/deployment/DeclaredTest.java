// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.gate.Gates;
import dev.millrace.backends.repository.VersionSelector;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DeclaredTest {
  private static final Traffic FIRST = Traffic.ofPercent(Map.of(1L, 100));

  private final EventLog events = new EventLog(InstantSource.system());

  private Declared declared(String version) throws DeploymentException {
    return declared(version, UpdateStrategy.ALL_AT_ONCE);
  }

  private Declared declared(String version, UpdateStrategy update) throws DeploymentException {
    DeploymentSpec spec =
        new DeploymentSpec(
            "d",
            "m",
            List.of(new DeploymentSpec.Target(VersionSelector.parse(version).orElseThrow(), 100)),
            0,
            Autoscaling.OFF,
            update,
            "",
            Map.of(),
            Optional.empty(),
            "",
            "");
    InstantSource clock = InstantSource.system();
    return new Deployments(new MemoryStore(), events, clock)
        .apply(spec, 0, false, "test")
        .deployment();
  }

  @Test
  void anOutageIsAFailureUntilItWasKnownOnceWhatIsDeclared() throws Exception {
    Declared declared = declared("@champion");
    declared.unreadable(1, "no route to host");
    assertThat(declared.failure()).isEqualTo("no route to host");

    declared.resolved(1, FIRST);
    assertThat(declared.obstacle()).isEmpty();
    declared.unreadable(1, "no route to host");
    assertThat(declared.failure()).isEmpty();
    assertThat(declared.obstacle()).isEqualTo("no route to host");

    declared.scale(declared.spec().withReplicas(2));
    assertThat(declared.failure()).isEmpty();
    declared.declare(declared.spec(), 3);
    assertThat(declared.failure()).isEqualTo("no route to host");
  }

  @Test
  void gatesThatCouldNotHaveMeasuredAnythingAreRefused() throws Exception {
    Gates gates = new Gates(0.01, 0, Duration.ZERO, 0);
    assertThatThrownBy(
            () -> declared("1", new UpdateStrategy(List.of(10), Duration.ZERO, gates, false)))
        .isInstanceOf(DeploymentException.class)
        .hasMessage(
            "update.gates: bake 0s and min_requests 0 (expected one of them above 0: a step that ends at once has measured nothing)");

    Gates counting = new Gates(0.01, 0, Duration.ZERO, 1);
    declared("1", new UpdateStrategy(List.of(10), Duration.ZERO, counting, false));
    declared("1", new UpdateStrategy(List.of(10), Duration.ofSeconds(1), gates, false));
    declared("1", new UpdateStrategy(List.of(10), Duration.ZERO, Gates.NONE, false));
  }

  @Test
  void thatAnAliasIsNotThereIsAFailureAtAnyTime() throws Exception {
    Declared declared = declared("@champion");
    declared.resolved(1, FIRST);
    declared.unresolved(1, "alias 'champion' not found");

    assertThat(declared.failure()).isEqualTo("alias 'champion' not found");
  }

  @Test
  void whatIsGivenUpForNowBeginsAnewOnceItMay() throws Exception {
    Declared declared = declared("1");
    declared.resolved(1, FIRST);
    declared.failedForNow("version 1: no memory");
    declared.resolved(1, FIRST);
    assertThat(declared.rejection()).isEqualTo("version 1: no memory");
    assertThat(declared.needed()).isEmpty();

    assertThat(declared.triesAgain()).isTrue();
    declared.resolved(1, FIRST);

    assertThat(declared.rejection()).isEmpty();
    assertThat(declared.needed()).containsExactly(1L);
    assertThat(declared.triesAgain()).isFalse();
  }

  @Test
  void whatIsGivenUpForNowIsForgottenOnceSomethingElseIsMeant() throws Exception {
    Declared declared = declared("1");
    declared.resolved(1, FIRST);
    declared.failedForNow("version 1: no memory");

    declared.resolved(1, Traffic.all(2));

    assertThat(declared.rejection()).isEmpty();
    assertThat(declared.needed()).containsExactly(2L);
  }

  @Test
  void anOutageHidesNothingOfVersionsThatAreGivenByNumber() throws Exception {
    Declared declared = declared("1");
    declared.unreadable(1, "no route to host");
    assertThat(declared.obstacle()).isEqualTo("no route to host");

    declared.resolved(1, FIRST);
    declared.unreadable(1, "no route to host");
    assertThat(declared.obstacle()).isEmpty();
  }
}
