// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class UnitsTest {
  @Test
  void timesHaveThreeDigitsAndAUnit() {
    assertThat(Units.time(87)).isEqualTo("87 ns");
    assertThat(Units.time(1_234)).isEqualTo("1.23 µs");
    assertThat(Units.time(87_120)).isEqualTo("87.1 µs");
    assertThat(Units.time(999_600)).isEqualTo("1.00 ms");
    assertThat(Units.time(123_456_789)).isEqualTo("123 ms");
    assertThat(Units.time(2.5e9)).isEqualTo("2.50 s");
  }

  @Test
  void ratesHaveWhatMeansSomething() {
    assertThat(Units.rate(12_345.6)).isEqualTo("12,346/s");
    assertThat(Units.rate(7.25)).isEqualTo("7.3/s");
  }

  @Test
  void ticksAreShort() {
    assertThat(Units.tick(60_000)).isEqualTo("60,000");
    assertThat(Units.tick(0.5)).isEqualTo("0.5");
  }
}
