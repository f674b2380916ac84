// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every run takes ten times as long for a second, and then what it took before. */
class SlowMachineTest {
  private static final long SLO_NANOS = 25_000_000;
  private static final int MAX_BATCH = 64;
  private static final ServiceModel MODEL = ServiceModel.linear(5_070_000, 1_050_000);
  private static final double SLOW_FROM_SECONDS = 3;
  private static final double SLOW_UNTIL_SECONDS = 4;
  private static final double SECONDS_TO_RECOVER = 1;
  private static final double END_SECONDS = 8;

  /** In a few a size of batches that was seen first while all was slow is believed for seconds. */
  private static final int SEEDS = 5;

  private record SlowFor(ServiceModel service, double factor) implements ServiceModel {
    @Override
    public long nanos(int shape, int rows) {
      return service.nanos(shape, rows);
    }

    @Override
    public double runNanos(long nowNanos, int shape, int rows, SplittableRandom random) {
      double seconds = (nowNanos - Simulation.START_NANOS) / 1e9;
      boolean slow = seconds >= SLOW_FROM_SECONDS && seconds < SLOW_UNTIL_SECONDS;
      return service.runNanos(nowNanos, shape, rows, random) * (slow ? factor : 1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0.7, 0",
    "1, 2, 0",
    "4, 0.7, 0",
    "4, 2, 0",
    "1, 0.7, 0.1",
    "1, 2, 0.1",
    "4, 0.7, 0.1",
    "4, 2, 0.1"
  })
  void servesAsBeforeASecondAfterTheMachineDoes(int replicas, double load, double variation) {
    double before = 0;
    double after = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      SimResult result = run(replicas, load, variation, seed);
      before += shareOnTime(result, 1, SLOW_FROM_SECONDS);
      after += shareOnTime(result, SLOW_UNTIL_SECONDS + SECONDS_TO_RECOVER, END_SECONDS);
    }

    assertThat(after).isGreaterThanOrEqualTo(0.85 * before);
  }

  private static SimResult run(int replicas, double load, double variation, long seed) {
    double rate = load * Capacity.saturatedRate(MODEL, replicas, MAX_BATCH, SLO_NANOS);
    Workload workload = Workload.of(RandomArrivals.poisson(rate), RequestKind.within(SLO_NANOS));
    ServiceModel service = new SlowFor(Disturbances.noise(MODEL, variation), 10);
    return Simulation.run(
        new Plan(workload, service, replicas, MAX_BATCH, 0, END_SECONDS, seed),
        MillraceScheduler::auto);
  }

  private static double shareOnTime(SimResult result, double fromSeconds, double toSeconds) {
    Latencies latencies = result.latencyBetween(fromSeconds, toSeconds);
    int permille = 1000;
    while (permille > 0 && latencies.percentileNanos(permille / 10.0) > SLO_NANOS) {
      permille--;
    }
    return permille / 1000.0;
  }
}
