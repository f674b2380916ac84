// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.simulator.baseline.NoBatching;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A model that gains nothing from batches, and whose run times vary: which size is the best cannot
 * be told, so larger ones are taken for it, too. What that costs.
 */
class NothingGainedTest {
  private static final ServiceModel MODEL = ServiceModel.linear(0, 1_000_000);
  private static final int SEEDS = 5;

  @ParameterizedTest
  @CsvSource({
    "0.05, 1, 0.7",
    "0.05, 8, 0.9",
    "0.1, 1, 0.5",
    "0.1, 1, 0.7",
    "0.1, 1, 0.9",
    "0.1, 8, 0.5",
    "0.1, 8, 0.7",
    "0.1, 8, 0.9"
  })
  void costsLittleAgainstOneAtATime(double variation, int replicas, double load) {
    double mean = 0;
    double meanOfOneByOne = 0;
    double p99 = 0;
    double p99OfOneByOne = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      Plan plan =
          new Plan(
              Workload.of(
                  RandomArrivals.poisson(load * replicas * 1000),
                  RequestKind.within(Long.MAX_VALUE)),
              Disturbances.noise(MODEL, variation),
              replicas,
              64,
              2,
              8,
              seed);
      Latencies ours = Simulation.run(plan, MillraceScheduler::auto).latency();
      Latencies oneByOne = Simulation.run(plan, setting -> new NoBatching()).latency();
      mean += ours.meanNanos();
      meanOfOneByOne += oneByOne.meanNanos();
      p99 += ours.percentileNanos(99);
      p99OfOneByOne += oneByOne.percentileNanos(99);
    }

    assertThat(mean / meanOfOneByOne).isLessThanOrEqualTo(1.05);
    assertThat(p99 / p99OfOneByOne).isLessThanOrEqualTo(1.3);
  }
}
