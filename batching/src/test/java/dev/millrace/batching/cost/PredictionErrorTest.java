// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PredictionErrorTest {
  private final PredictionError error = new PredictionError();

  private void add(int times, long predicted, long actual) {
    for (int i = 0; i < times; i++) {
      error.add(predicted, actual);
    }
  }

  @Test
  void nothingIsKnownAtFirst() {
    assertThat(error.median()).isZero();
    assertThat(error.p99()).isZero();
  }

  @Test
  void rightPredictionsHaveNoError() {
    add(1000, 1_000_000, 1_000_000);

    assertThat(error.median()).isZero();
    assertThat(error.p99()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"1000, 1100, 0.1", "1100, 1000, 0.1", "1000, 1500, 0.5", "1000, 3000, 2"})
  void tooLongAndTooShortAreErrorsAlike(long predicted, long actual, double expected) {
    add(1000, predicted * 1000, actual * 1000);

    // told in steps of 6 %, rounded up
    assertThat(error.median()).isCloseTo(expected, within(0.07 * (1 + expected)));
    assertThat(error.p99()).isEqualTo(error.median());
  }

  @Test
  void theMedianForgivesWhatTheHighOneShows() {
    for (int i = 0; i < 50; i++) {
      add(96, 1_000_000, 1_000_000);
      add(4, 1_000_000, 4_000_000);
    }

    assertThat(error.median()).isZero();
    assertThat(error.p99()).isCloseTo(3, within(0.3));
  }

  @Test
  void errorsOfThePastAreForgotten() {
    add(20_000, 1_000_000, 8_000_000);

    add(40_000, 1_000_000, 1_000_000);

    assertThat(error.median()).isZero();
    assertThat(error.p99()).isLessThan(0.1);
  }

  @Test
  void whatWasNotPredictedIsNoError() {
    add(1000, 0, 5_000_000);

    assertThat(error.p99()).isZero();
  }

  @Test
  void theLargestErrorsAreCountedAsOne() {
    add(1000, 1, Long.MAX_VALUE);
    assertThat(error.median()).isFinite().isGreaterThan(10);

    add(20_000, Long.MAX_VALUE, 0);
    assertThat(error.median()).isFinite().isGreaterThan(10);
  }
}
