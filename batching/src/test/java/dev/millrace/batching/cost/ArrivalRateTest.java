// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArrivalRateTest {
  private static final long SECOND = 1_000_000_000;

  /** The longest window there is. */
  private static final long WINDOW = SECOND;

  private final ArrivalRate arrivals = new ArrivalRate(20_000_000, 8);
  private long now;

  /** Single rows at a steady rate. */
  private void arrive(long gapNanos, long forNanos) {
    for (long end = now + forNanos; now < end; now += gapNanos) {
      arrivals.arrived(now, 1, 0);
    }
  }

  @Test
  void nothingHasComeAtFirst() {
    assertThat(arrivals.rate(5)).isZero();
    assertThat(arrivals.marginalLoad(5)).isZero();
  }

  @Test
  void manyRowsAreTakenAtTheirRateFromTheBeginning() {
    arrive(1_000, 500_000); // a fortieth of the window

    assertThat(arrivals.rate(now)).isCloseTo(1e-3, withPercentage(10));
  }

  @Test
  void rowsThatAllComeAtOnceAreNoEndlessRate() {
    arrivals.arrived(0, 100_000, 0);

    assertThat(arrivals.rate(0)).isCloseTo(100_000 / 200_000.0, withPercentage(1));
  }

  @ParameterizedTest
  @ValueSource(longs = {1_000, 30_000, 1_000_000})
  void aSteadyRateIsSeenWithinFivePercent(long gapNanos) {
    arrivals.batchesTake(1_000_000_000);

    arrive(gapNanos, 5 * WINDOW);

    assertThat(arrivals.rate(now)).isCloseTo(1.0 / gapNanos, withPercentage(5));
  }

  @Test
  void independentArrivalsAreSeenWithinFivePercentOnAverage() {
    SplittableRandom random = new SplittableRandom(1);
    double sum = 0;
    int looks = 0;
    for (double at = 0; at < 60 * SECOND; at += random.nextExponential() * 100_000) {
      arrivals.arrived((long) at, 1, 0);
      if (at > SECOND) {
        sum += arrivals.rate((long) at);
        looks++;
      }
    }

    // looked at right behind an arrival, that one counts in full: one in a window of 200
    assertThat(sum / looks).isCloseTo(1.0 / 100_000, withPercentage(5));
  }

  @Test
  void aRateIsRightSoonAfterTheStart() {
    arrivals.batchesTake(SECOND);

    arrive(100_000, WINDOW / 4);

    assertThat(arrivals.rate(now)).isCloseTo(1.0 / 100_000, withPercentage(5));
  }

  @ParameterizedTest
  @ValueSource(doubles = {8, 0.125})
  void aStepIsFollowedWithinAFewWindows(double factor) {
    arrivals.batchesTake(1_000_000);
    long window = 20_000_000;
    arrive(100_000, 10 * window);

    arrive((long) (100_000 / factor), 4 * window);

    assertThat(arrivals.rate(now)).isCloseTo(factor / 100_000, withPercentage(20));
  }

  @Test
  void whatCameIsForgotten() {
    arrive(100_000, SECOND);

    assertThat(arrivals.rate(now + 60 * SECOND)).isLessThan(1.0 / 100_000 / 1000);
  }

  @Test
  void whatComesOutOfOrderIsCounted() {
    for (int i = 0; i < 20_000; i += 2) {
      arrivals.arrived((i + 1) * 100_000L, 1, 0);
      arrivals.arrived(i * 100_000L, 1, 0);
    }

    assertThat(arrivals.rate(20_000 * 100_000L)).isCloseTo(1.0 / 100_000, withPercentage(5));
  }

  @Test
  void rowsThatComeTogetherCountEach() {
    for (int i = 0; i < 5000; i++) {
      arrivals.arrived(i * 1_000_000L, 10, 0);
    }

    assertThat(arrivals.rate(5000 * 1_000_000L)).isCloseTo(1.0 / 100_000, withPercentage(5));
  }

  @Test
  void marginalLoadIsTheShareOfAReplicaThatRowsKeepBusy() {
    for (int i = 0; i < 20_000; i++) {
      arrivals.arrived(i * 100_000L, 1, i % 2 == 0 ? 20_000 : 60_000);
    }

    assertThat(arrivals.marginalLoad(20_000 * 100_000L)).isCloseTo(0.4, withPercentage(5));
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE / 4, -1, 0, 1, 3_600_000_000_000L, Long.MAX_VALUE / 4})
  void aClockThatJumpsNeverMakesNonsense(long to) {
    arrive(100_000, SECOND);

    arrivals.arrived(to, 3, 7);

    assertNoNonsense(to);
    arrivals.arrived(now, 2, 7);
    assertNoNonsense(now);
    arrivals.arrived(to, Integer.MAX_VALUE, 1e9);
    assertNoNonsense(Long.MAX_VALUE / 4);
    assertNoNonsense(Long.MIN_VALUE / 4);
  }

  private void assertNoNonsense(long nowNanos) {
    assertThat(arrivals.rate(nowNanos)).isNotNegative().isFinite();
    assertThat(arrivals.marginalLoad(nowNanos)).isNotNegative().isFinite();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE, Long.MAX_VALUE})
  void aWindowIsBoundedWhateverBatchesTake(long nanos) {
    arrivals.batchesTake(nanos);

    arrive(1_000_000, 8 * WINDOW);

    assertThat(arrivals.rate(now)).isCloseTo(1.0 / 1_000_000, withPercentage(5));
  }
}
