// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.loadtest.load.ArrivalSchedule;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class RandomArrivalsTest {
  private static long[] moments(Workload.Arrivals arrivals, long seed, double seconds) {
    ArrivalSchedule schedule = arrivals.schedule(seed);
    return LongStream.generate(schedule::nextNanos).takeWhile(t -> t < seconds * 1e9).toArray();
  }

  /** Variance over mean of the counts in windows; 1 for a Poisson process. */
  private static double dispersion(long[] moments, double windowSeconds, double seconds) {
    double[] counts = new double[(int) (seconds / windowSeconds)];
    for (long moment : moments) {
      int window = (int) (moment / (windowSeconds * 1e9));
      if (window < counts.length) {
        counts[window]++;
      }
    }
    double mean = Arrays.stream(counts).average().orElseThrow();
    double variance =
        Arrays.stream(counts).map(c -> (c - mean) * (c - mean)).sum() / (counts.length - 1);
    return variance / mean;
  }

  @Test
  void poissonArrivalsHaveTheirRateAndNoMemory() {
    long[] moments = moments(RandomArrivals.poisson(1000), 3, 200);

    assertThat(moments.length / 200.0).isCloseTo(1000, within(10.0));
    assertThat(dispersion(moments, 0.1, 200)).isCloseTo(1, within(0.1));
  }

  @Test
  void burstsKeepTheMeanRateAndCluster() {
    long[] moments = moments(RandomArrivals.bursts(1000, 3, 0.2, 0.8), 3, 2000);

    assertThat(moments.length / 2000.0).isCloseTo(1000, within(20.0));
    assertThat(dispersion(moments, 0.1, 2000)).isGreaterThan(10);
  }

  @Test
  void driftingArrivalsKeepTheMeanRateAndCluster() {
    long[] moments = moments(RandomArrivals.drifting(1000, 0.3, 1), 3, 3000);

    assertThat(moments.length / 3000.0).isCloseTo(1000, within(30.0));
    // gaps of CV 2 alone give 4
    assertThat(dispersion(moments, 0.1, 3000)).isGreaterThan(4);
  }

  @Test
  void gammaNumbersHaveTheirMeanAndVariance() {
    SplittableRandom random = new SplittableRandom(1);
    double[] drawn = new double[200_000];
    Arrays.setAll(drawn, i -> RandomArrivals.gamma(random, 0.25));
    double mean = Arrays.stream(drawn).average().orElseThrow();

    assertThat(mean).isCloseTo(0.25, within(0.005));
    assertThat(Arrays.stream(drawn).map(x -> (x - mean) * (x - mean)).average().orElseThrow())
        .isCloseTo(0.25, within(0.01));
  }

  @Test
  void anOverloadLastsAsLongAsItShould() {
    long[] moments = moments(RandomArrivals.overload(100, 10, 1000, 5), 3, 30);

    assertThat(count(moments, 0, 10)).isBetween(900L, 1100L);
    assertThat(count(moments, 10, 15)).isBetween(4700L, 5300L);
    assertThat(count(moments, 15, 30)).isBetween(1350L, 1650L);
  }

  @Test
  void aDayRisesToMoreThanTheRateAndEndsWhereItBegan() {
    long[] moments = moments(RandomArrivals.diurnal(1000, 100, 1), 3, 1000);

    assertThat(moments).hasSizeBetween(59_000, 61_000);
    assertThat(count(moments, 49, 51)).isBetween(2000L, 2400L);
    assertThat(count(moments, 0, 2)).isBetween(150L, 350L);
  }

  private static long count(long[] moments, double from, double to) {
    return Arrays.stream(moments).filter(t -> t >= from * 1e9 && t < to * 1e9).count();
  }

  @Test
  void theSameSeedGivesTheSameMoments() {
    Workload.Arrivals arrivals = RandomArrivals.drifting(1000, 0.3, 1);

    assertThat(moments(arrivals, 3, 10)).isEqualTo(moments(arrivals, 3, 10));
    assertThat(moments(arrivals, 3, 10)).isNotEqualTo(moments(arrivals, 4, 10));
  }

  @Test
  void rowCountsFollowZipfsLaw() {
    SplittableRandom random = new SplittableRandom(1);
    RowCount rows = RowCount.zipf(16);
    int[] counts = new int[17];
    for (int i = 0; i < 100_000; i++) {
      counts[rows.draw(random)]++;
    }

    assertThat(counts[1]).isCloseTo(4 * counts[4], within(2000));
    assertThat(counts[16]).isBetween(1500, 2200);
    assertThat(counts[0]).isZero();
  }
}
