// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class WarmUpTest {
  private final WarmUp.UntilStable warmUp = new WarmUp.UntilStable(1, 1);

  @Test
  void isStableWhenTwoWindowsDifferByLessThanFivePercent() {
    assertThat(warmUp.isStable(rate(100_000), rate(104_000))).isTrue();
    assertThat(warmUp.isStable(rate(104_000), rate(100_000))).isTrue();
    assertThat(warmUp.isStable(rate(100_000), rate(106_000))).isFalse();
  }

  @Test
  void fewAnswersMayDifferByChance() {
    assertThat(warmUp.isStable(rate(90), rate(110))).isTrue();
    assertThat(warmUp.isStable(rate(50), rate(110))).isFalse();
  }

  @Test
  void isNotStableWithoutAnswers() {
    assertThat(warmUp.isStable(rate(0), rate(0))).isFalse();
  }

  private static Measurement rate(long answers) {
    return Samples.ok(1, answers, 1_000_000);
  }
}
