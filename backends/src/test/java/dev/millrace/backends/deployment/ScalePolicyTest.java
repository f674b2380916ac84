// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.deployment.SimulatedVersion.Change;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The policy over a simulated version: minutes and hours of it. */
class ScalePolicyTest {
  private static final Autoscaling BOUNDS = Autoscaling.between(1, 8);
  private static final int MANY_CORES = 64;
  private static final double HOUR = 3600;

  private static SimulatedVersion version(double runSeconds) {
    return new SimulatedVersion(policy(Integer.MAX_VALUE), BOUNDS, runSeconds, MANY_CORES);
  }

  private static ScalePolicy policy(int useful) {
    return new ScalePolicy(useful, 0);
  }

  @ParameterizedTest
  @CsvSource({"0.001, 0.65", "0.01, 0.1", "0.01, 0.5", "0.1, 0.1", "0.1, 0.5", "1, 0.3", "1, 0.5"})
  void aSteadyLoadThatOneReplicaCarriesStaysWithOne(double runSeconds, double load) {
    SimulatedVersion version = version(runSeconds).run(load / runSeconds, HOUR);

    assertThat(version.changes()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"0.001, 2.4, 4", "0.01, 1.5, 3", "0.01, 2.4, 4", "0.1, 2.4, 4", "0.01, 3, 6"})
  void aSteadyLoadHasWhatItNeedsSoonAndThenStays(double runSeconds, double load, int most) {
    SimulatedVersion version = version(runSeconds).run(load / runSeconds, 60);
    int changes = version.changes().size();
    version.run(load / runSeconds, HOUR);

    assertThat(version.replicas()).isBetween((int) Math.ceil(load / 0.75), most);
    assertThat(version.changes()).hasSize(changes);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9})
  void aLoadAtTheMarkGoesUpOnceAtMost(double load) {
    for (double runSeconds : new double[] {0.001, 0.01, 0.1}) {
      SimulatedVersion version = version(runSeconds).run(load / runSeconds, HOUR);

      assertThat(version.changes()).as("runs of " + runSeconds + " s").hasSizeLessThan(2);
    }
    // where a second brings less than a request, chance is most of what there is to see
    assertThat(version(1).run(load, HOUR).changes()).hasSizeLessThan(9);
  }

  @Test
  void aLoadThatGrowsFiveTimesIsMetWithinSecondsAndLetGoSlowly() {
    SimulatedVersion version = version(0.01).run(40, 60).run(200, 60);
    List<Change> up = List.copyOf(version.changes());
    assertThat(up.getFirst().atSeconds()).isBetween(60.0, 62.0);
    assertThat(up.getLast().atSeconds()).isBetween(60.0, 65.0);
    assertThat(version.replicas()).isEqualTo(4);

    version.run(40, 59);
    assertThat(version.replicas()).isEqualTo(4);
    version.run(40, 300);
    assertThat(version.replicas()).isEqualTo(1);
    assertThat(version.turnedAway()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"0.1, 4, 5", "1, 0.4, 30", "5, 0.1, 60"})
  void slowModelsAreMetToo(double runSeconds, double perSecond, double withinSeconds) {
    SimulatedVersion version = version(runSeconds).run(perSecond, 60).run(6 * perSecond, 120);

    assertThat(version.changes().getFirst().atSeconds()).isBetween(60.0, 60 + withinSeconds);
    assertThat(version.replicas()).isGreaterThan(2);
  }

  @Test
  void whatIsIdleGoesDownByHalvesToTheLeast() {
    SimulatedVersion version = version(0.01).run(450, 60);
    assertThat(version.replicas()).isEqualTo(8);

    version.run(0, 600);

    assertThat(version.replicas()).isEqualTo(1);
    assertThat(version.changes().stream().filter(c -> c.to() < c.from()).map(Change::to))
        .endsWith(3, 2, 1);
  }

  @Test
  void moreReplicasThatDoNoMoreGoAgainAndAreTriedLessAndLess() {
    SimulatedVersion version =
        new SimulatedVersion(policy(Integer.MAX_VALUE), BOUNDS, 0.01, 1).run(200, HOUR);

    assertThat(version.replicas()).isEqualTo(1);
    assertThat(version.changes()).hasSizeBetween(4, 8);
    Change back = version.changes().get(1);
    assertThat(back.atSeconds()).isLessThan(5);
    assertThat(back.why()).startsWith("2 replicas do no more than 1 did");
    assertThat(version.changes().get(2).atSeconds()).isGreaterThan(300);
    assertThat(version.changes().get(4).atSeconds()).isGreaterThan(900);
  }

  @Test
  void noMoreThanTheMachineHasCoresForAndNoMoreThanIsDeclared() {
    Autoscaling two = Autoscaling.between(1, 2);

    assertThat(new SimulatedVersion(policy(3), BOUNDS, 0.01, 64).run(900, 60).replicas())
        .isEqualTo(3);
    assertThat(new SimulatedVersion(policy(64), two, 0.01, 64).run(900, 60).replicas())
        .isEqualTo(2);
  }

  @Test
  void aDownThatIsRegrettedTakesTwiceAsLongTheNextTime() {
    SimulatedVersion version = version(0.01);
    for (int i = 0; i < 20; i++) {
      version.run(20, 90).run(150, 15); // a burst each 105 s, and 60 s of calm are enough at first
    }

    assertThat(version.changes()).hasSizeBetween(3, 6);
    assertThat(version.changes().getLast().atSeconds()).isLessThan(1200);
  }

  @Test
  void withALongerTimeItGoesDownLater() {
    Autoscaling patient = new Autoscaling(1, 8, Duration.ofMinutes(10));
    SimulatedVersion version =
        new SimulatedVersion(policy(64), patient, 0.01, MANY_CORES).run(150, 30).run(10, 590);
    assertThat(version.replicas()).isGreaterThan(1);

    assertThat(version.run(10, 660).replicas()).isLessThan(3);
  }

  @Test
  void whatCannotBeDoneIsNotTriedAgainAtOnce() {
    ScalePolicy policy = policy(64);
    Readings readings = new Readings();
    while (policy.look(BOUNDS, readings.next(100, 0.02)).isEmpty()) {
      assertThat(readings.seconds()).isLessThan(3);
    }

    policy.failed(readings.last());
    while (readings.seconds() < 290) {
      assertThat(policy.look(BOUNDS, readings.next(100, 0.02))).isEmpty();
    }
    while (policy.look(BOUNDS, readings.next(100, 0.02)).isEmpty()) {
      assertThat(readings.seconds()).isLessThan(310);
    }
  }
}
