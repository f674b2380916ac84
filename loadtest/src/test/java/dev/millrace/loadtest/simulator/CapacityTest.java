// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.loadtest.load.ArrivalPattern;
import dev.millrace.loadtest.load.ArrivalSpec;
import java.util.List;
import java.util.function.DoubleFunction;
import org.junit.jupiter.api.Test;

final class CapacityTest {
  private static final long MS = 1_000_000;
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

    assertThat(capacity.find(150, 0.001, MillraceScheduler::greedy)).isCloseTo(100, within(0.2));
    assertThat(capacity.find(20, 0.001, MillraceScheduler::greedy)).isCloseTo(100, within(0.2));
  }

  @Test
  void findsWhatAQueueWithoutBatchingIsKnownToCarry() {
    // heavy traffic: 1 % wait longer than 24 ms at 912 a second, a little more as those are dropped
    Capacity capacity = capacity(RandomArrivals::poisson, ServiceModel.linear(0, MS), 1);

    assertThat(capacity.find(1000, 0.005, MillraceScheduler::greedy)).isBetween(905.0, 960.0);
  }

  @Test
  void nothingPassesWhereOneRequestIsTooSlow() {
    Capacity capacity = capacity(RandomArrivals::poisson, ServiceModel.linear(26 * MS, 0), 1);

    assertThat(capacity.find(30, 0.01, MillraceScheduler::greedy)).isZero();
  }

  @Test
  void theBestOfSeveralIsTheBest() {
    Capacity capacity = capacity(RandomArrivals::poisson, LINE, 64);
    Scheduler.Factory alone =
        setting ->
            MillraceScheduler.greedy(
                new Scheduler.Setting(
                    setting.service(), setting.replicas(), 1, setting.sloNanos()));
    double greedy = capacity.find(400, 0.005, MillraceScheduler::greedy);

    assertThat(capacity.find(400, 0.005, alone)).isLessThan(0.5 * greedy);
    assertThat(capacity.best(400, 0.005, List.of(alone, MillraceScheduler::greedy, alone)))
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
