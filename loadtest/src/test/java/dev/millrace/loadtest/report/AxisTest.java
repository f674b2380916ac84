// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class AxisTest {
  @Test
  void evenTicksAreRoundAndReachTheLargestValue() {
    assertThat(Axis.linear("", Units::tick).over(3, 9_400).ticks())
        .containsExactly(0.0, 2000.0, 4000.0, 6000.0, 8000.0, 10_000.0);
    assertThat(Axis.linear("", Units::tick).over(0, 0).ticks()).endsWith(1.0);
  }

  @Test
  void logarithmicTicksArePowersOfTenAndWhatFitsBetween() {
    assertThat(Axis.log("", Units::tick).over(150, 900).ticks())
        .containsExactly(100.0, 200.0, 500.0, 1000.0);
    assertThat(Axis.log("", Units::tick).over(1, 100_000).ticks())
        .containsExactly(1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0);
  }

  @Test
  void eachFurtherNineIsAsWideAsTheOneBefore() {
    Axis.Range range = Axis.nines("").over(0, 99.9);

    assertThat(range.ticks()).containsExactly(0.0, 90.0, 99.0, 99.9);
    assertThat(range.position(90)).isCloseTo(1 / 3.0, within(1e-9));
    assertThat(range.position(99)).isCloseTo(2 / 3.0, within(1e-9));
  }

  @Test
  void valuesLieBetweenTheEnds() {
    Axis.Range range = Axis.log("", Units::tick).over(10, 1000);

    assertThat(range.position(100)).isCloseTo(0.5, within(1e-9));
    assertThat(range.position(0)).isZero();
    assertThat(range.position(1e9)).isEqualTo(1);
  }
}
