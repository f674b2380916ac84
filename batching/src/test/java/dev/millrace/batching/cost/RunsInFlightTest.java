// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RunsInFlightTest {
  private static final int ROWS = 8;

  private final RunsInFlight runs = new RunsInFlight();
  private final CostModel costs = new CostModel(64);
  private final SplittableRandom random = new SplittableRandom(1);
  private double noise;

  /** Of runs at a time, as many as there may be all the time; gains[n - 1] is what n do. */
  private void run(int batches, double... gains) {
    for (int i = 0; i < batches; i++) {
      int running = runs.limit();
      double gain = gains[Math.min(running, gains.length) - 1];
      double factor = Math.exp(noise * random.nextGaussian());
      long nanos = Math.round((2e6 + 1e6 * ROWS) * factor * running / gain);
      long[] nanosWith = new long[RunsInFlight.LENGTH];
      nanosWith[running] = nanos;
      if (runs.tellsOfCurve(nanosWith, ROWS, costs.alone(0))) {
        costs.observe(0, ROWS, Math.round(nanos * runs.pace(nanosWith)));
      }
      costs.correct(runs.ran(nanosWith, ROWS, costs.alone(0), Long.MAX_VALUE));
      costs.keepPace(runs.pace());
    }
  }

  @Test
  void limitsNothingAndKnowsNothingOfReplicasThatShareNothing() {
    assertThat(runs.pace()).isEqualTo(1);
    assertThat(runs.report()).isEqualTo(RunsInFlight.Report.NONE);
  }

  @Test
  void staysAtOneWhereASecondAddsNothing() {
    runs.share(4);
    run(2000, 1);

    assertThat(runs.report().limit()).isEqualTo(1);
    assertThat(runs.report().gains()).hasSize(2);
    assertThat(runs.report().gains().get(1)).isCloseTo(1, within(0.03));
  }

  @Test
  void givesTwoWhereTwoDoMoreAndAThirdAddsNothing() {
    runs.share(4);
    run(2000, 1, 1.5);

    assertThat(runs.report().limit()).isEqualTo(2);
    assertThat(runs.report().gains().get(1)).isCloseTo(1.5, within(0.03));
    assertThat(runs.report().gains().get(2)).isCloseTo(1.5, within(0.03));
  }

  @Test
  void givesAsManyAsThereAreWhereEachAddsSomething() {
    runs.share(3);
    run(2000, 1, 1.6, 2);

    assertThat(runs.report().limit()).isEqualTo(3);
  }

  @Test
  void findsTheSameWhereRunsVary() {
    noise = 0.1;
    runs.share(4);
    run(10_000, 1, 1.5);

    assertThat(runs.report().limit()).isEqualTo(2);
    assertThat(runs.report().gains().get(1)).isCloseTo(1.5, within(0.15));
  }

  @Test
  void findsOutThatRunsAtATimeHaveBecomeWorse() {
    runs.share(4);
    run(1000, 1, 1.5);
    assertThat(runs.report().limit()).isEqualTo(2);

    run(20_000, 1, 0.9);
    assertThat(runs.report().limit()).isEqualTo(1);
  }

  @Test
  void findsOutThatRunsAtATimeHaveBecomeBetter() {
    runs.share(4);
    run(2000, 1);
    run(6000, 1, 1.4);

    // two or three: what two did before is forgotten over some trials only
    int limit = runs.report().limit();
    assertThat(limit).isBetween(2, 3);
    assertThat(runs.report().gains().get(limit - 1)).isCloseTo(1.4, within(0.03));
  }

  @Test
  void aSlowerMachineChangesNothingOfWhatRunsDoTogether() {
    runs.share(2);
    run(2000, 1, 1.5);
    run(5000, 0.5, 0.75);

    assertThat(runs.report().limit()).isEqualTo(2);
    assertThat(runs.report().gains().get(1)).isCloseTo(1.5, within(0.1));
    assertThat((double) costs.alone(0).mean(ROWS)).isCloseTo(20e6, within(2e6));
  }

  @Test
  void predictsWithAsManyAsThereAreToBe() {
    runs.share(2);
    run(400, 1, 1.5);

    assertThat((double) costs.curve(0).mean(ROWS))
        .isCloseTo(costs.alone(0).mean(ROWS) / runs.pace(), within(1e5));
  }

  @Test
  void tellsNoMoreOfADeviceThanThereAreReplicasFor() {
    runs.share(3);
    run(1000, 1, 1.5, 2);
    runs.share(1);

    assertThat(runs.limit()).isEqualTo(1);
    assertThat(runs.report().gains()).containsExactly(1.0);
  }
}
