// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ComparisonTest {
  @Test
  void ratiosAreTakenRoundByRound() {
    Comparison comparison =
        new Comparison(
            List.of(rate(100), rate(300), rate(200)), List.of(rate(100), rate(100), rate(50)));

    assertThat(comparison.ratio(Measurement::rate)).isEqualTo(new Comparison.Spread(3, 1, 4));
    assertThat(Comparison.median(comparison.a(), Measurement::rate)).isEqualTo(200);
  }

  @Test
  void anEvenNumberOfRoundsHasTheMiddleBetweenTwo() {
    assertThat(Comparison.Spread.of(new double[] {4, 1, 2, 3}))
        .isEqualTo(new Comparison.Spread(2.5, 1, 4));
  }

  @Test
  void aRoundWithoutItsSecondHalfDoesNotCount() {
    Comparison comparison = new Comparison(List.of(rate(10), rate(90)), List.of(rate(5)));

    assertThat(comparison.rounds()).isEqualTo(1);
    assertThat(comparison.ratio(Measurement::rate).max()).isEqualTo(2);
  }

  @Test
  void warmsBothUpBeforeEitherIsMeasured() throws Exception {
    SimulatedServer a = new SimulatedServer(200);
    SimulatedServer b = new SimulatedServer(100);

    Comparison comparison =
        Comparison.run(
            a,
            b,
            new LoadShape.ClosedLoop(1),
            new WarmUp.For(1),
            2,
            TimeUnit.SECONDS.toNanos(1),
            new Stop(),
            Observer.NONE);

    assertThat(a.calls()).containsExactly("warm-up", "200", "200");
    assertThat(b.calls()).containsExactly("warm-up", "100", "100");
    assertThat(comparison.ratio(Measurement::rate).median()).isEqualTo(2);
  }

  private static Measurement rate(long perSecond) {
    return Samples.ok(1, perSecond, 1_000_000);
  }
}
