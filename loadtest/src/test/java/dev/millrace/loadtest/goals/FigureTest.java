// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

final class FigureTest {
  @Test
  void theMedianDecidesWhetherAGoalIsMet() {
    Goal goal = Goal.atLeast(1.05);

    assertThat(Figure.of("a", Unit.RATIO, List.of(0.5, 1.05, 2.0), goal).isMet()).contains(true);
    assertThat(Figure.of("a", Unit.RATIO, List.of(0.5, 1.04, 2.0), goal).isMet()).contains(false);
    assertThat(Figure.stated("a", Unit.RATIO, 3).isMet()).isEmpty();
  }

  @Test
  void spreadIsOfAllRounds() {
    var spread = Figure.stated("a", Unit.MICROS, List.of(4.0, 1.0, 3.0, 2.0)).spread();

    assertThat(spread.median()).isEqualTo(2.5);
    assertThat(spread.min()).isEqualTo(1);
    assertThat(spread.max()).isEqualTo(4);
  }

  @Test
  void needsAValue() {
    assertThatThrownBy(() -> Figure.stated("a", Unit.RATIO, List.of()))
        .hasMessage("'a': no values (expected at least one)");
  }

  @Test
  void scoresAreOneAtTheGoalAndGrowWithWhatIsBetter() {
    assertThat(Goal.atLeast(2).score(2)).isEqualTo(1);
    assertThat(Goal.atLeast(2).score(3)).isEqualTo(1.5);
    assertThat(Goal.atMost(10).score(20)).isEqualTo(0.5);
    assertThat(Goal.atMost(10).score(-1)).isEqualTo(3);
    assertThat(Goal.atMost(0).score(0)).isEqualTo(3);
    assertThat(Goal.atMost(0).score(1)).isZero();
  }

  @Test
  void oneCoreDoesOneThingAfterTheOther() {
    // 100 µs a row and 25 µs a request are 8,000 in a second
    assertThat(Roofline.rate(10_000, 40_000)).isCloseTo(8_000, within(1e-6));
    // half of them take 1 ms, half 3 ms
    assertThat(Roofline.ofKinds(new double[] {1000, 1000.0 / 3})).isCloseTo(500, within(1e-6));
  }
}
