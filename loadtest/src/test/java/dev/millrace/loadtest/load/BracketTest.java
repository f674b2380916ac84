// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BracketTest {
  private final List<Double> tried = new ArrayList<>();

  private double search(Bracket bracket, double limit) {
    while (bracket.next().isPresent() && tried.size() < 50) {
      double rate = bracket.next().getAsDouble();
      tried.add(rate);
      bracket.result(rate <= limit);
    }
    return bracket.best().orElse(0);
  }

  @Test
  void findsALimitNearTheEstimateInFewTrials() {
    assertThat(search(new Bracket(1000, 0.03), 900)).isBetween(900 / 1.03, 900.0);
    assertThat(tried).hasSizeLessThanOrEqualTo(10);
  }

  @Test
  void climbsFasterTheFurtherAwayTheLimitIs() {
    assertThat(search(new Bracket(1000, 0.03), 20_000)).isBetween(20_000 / 1.03, 20_000.0);
    assertThat(tried).startsWith(800.0, 960.0, 1440.0, 2880.0);
  }

  @Test
  void goesDownUntilARatePasses() {
    assertThat(search(new Bracket(1000, 0.03), 100)).isBetween(100 / 1.03, 100.0);
  }

  @Test
  void aRateFailsOnlyTheSecondTime() {
    Bracket bracket = new Bracket(1000, 0.03);

    bracket.result(false);
    assertThat(bracket.next()).hasValue(800);
    bracket.result(true);
    assertThat(bracket.best()).hasValue(800);
    assertThat(bracket.next().getAsDouble()).isCloseTo(960, within(1e-6));
  }

  @Test
  void knowsNoBestRateBeforeOneHasPassed() {
    Bracket bracket = new Bracket(1000, 0.03);
    bracket.result(false);
    bracket.result(false);

    assertThat(bracket.best()).isEmpty();
    assertThat(bracket.next()).hasValue(560);
  }
}
