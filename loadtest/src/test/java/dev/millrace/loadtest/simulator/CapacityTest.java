// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.loadtest.load.ArrivalPattern;
import dev.millrace.loadtest.load.ArrivalSpec;
import dev.millrace.loadtest.simulator.baseline.NoBatching;
import java.util.List;
import java.util.function.DoubleFunction;
import org.junit.jupiter.api.Test;

final class CapacityTest {
  private static final long MS = 1_000_000;
  private static final Scheduler.Factory ALONE = setting -> new NoBatching();
  private static final ServiceModel LINE = ServiceModel.linear(5_070_000, 1_050_000);

  @Test
  void theSaturatedRateIsThatOfTheLargestBatchInTime() {
    // one replica: l(7) is 12.42 ms and must fit twice into 25 ms; eight: l(16) is 21.87 ms
    assertThat(Capacity.feasibleRows(LINE, 1, 64, 25 * MS)).isEqualTo(7);
    assertThat(Capacity.saturatedRate(LINE, 1, 64, 25 * MS)).isCloseTo(563.6, within(0.1));
    assertThat(Capacity.feasibleRows(LINE, 8, 64, 25 * MS)).isEqualTo(16);
    assertThat(Capacity.saturatedRate(LINE, 8, 64, 25 * MS) / 8).isCloseTo(731.6, within(0.1));
  }

  @Test
  void findsWhereEvenlySpacedRequestsBeginToMiss() {
    // one at a time of 10 ms: 100 a second are served for ever, more are not
    Capacity capacity = capacity(CapacityTest::evenly, ServiceModel.linear(10 * MS, 0), 1);

    assertThat(capacity.find(150, 0.001, ALONE)).isCloseTo(100, within(0.2));
    assertThat(capacity.find(20, 0.001, ALONE)).isCloseTo(100, within(0.2));
  }

  @Test
  void findsWhatAQueueWithoutBatchingIsKnownToCarry() {
    // heavy traffic: exp(-2 * 24 (1 - rho) / rho) is 1 % at 912 a second
    Capacity capacity = capacity(RandomArrivals::poisson, ServiceModel.linear(0, MS), 1);

    assertThat(capacity.find(1000, 0.005, ALONE)).isBetween(895.0, 925.0);
  }

  @Test
  void nothingPassesWhereOneRequestIsTooSlow() {
    Capacity capacity = capacity(RandomArrivals::poisson, ServiceModel.linear(26 * MS, 0), 1);

    assertThat(capacity.find(30, 0.01, MillraceScheduler::greedy)).isZero();
  }

  @Test
  void theBestOfSeveralIsTheBest() {
    Capacity capacity = capacity(RandomArrivals::poisson, LINE, 64);
    double greedy = capacity.find(400, 0.005, MillraceScheduler::greedy);

    assertThat(capacity.find(400, 0.005, ALONE)).isLessThan(0.5 * greedy);
    assertThat(capacity.best(400, 0.005, List.of(ALONE, MillraceScheduler::greedy, ALONE)))
        .isCloseTo(greedy, within(4.0));
  }

  private static Capacity capacity(
      DoubleFunction<Workload.Arrivals> arrivals, ServiceModel service, int maxBatchRows) {
    return new Capacity(
        rate ->
            List.of(
                new Plan(
                    Workload.of(arrivals.apply(rate), RequestKind.within(25 * MS)),
                    service,
                    1,
                    maxBatchRows,
                    1,
                    100,
                    1)),
        0.99);
  }

  private static Workload.Arrivals evenly(double rate) {
    return seed -> ArrivalSpec.fixed(rate, new ArrivalPattern.Constant(), 1e6).schedule(seed);
  }
}
