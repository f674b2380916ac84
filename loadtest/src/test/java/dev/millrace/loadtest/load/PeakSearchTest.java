// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class PeakSearchTest {
  private final Stop stop = new Stop();

  private static LoadShape openLoop(double rate) {
    ArrivalSpec arrivals =
        ArrivalSpec.fixed(rate, new ArrivalPattern.Constant(), Double.POSITIVE_INFINITY);
    return new LoadShape.OpenLoop(arrivals::schedule, 1000);
  }

  private Peak search(LoadedServer server, Slo slo, Observer observer) throws Exception {
    return new PeakSearch(
            slo,
            new LoadShape.ClosedLoop(16),
            PeakSearchTest::openLoop,
            TimeUnit.SECONDS.toNanos(10),
            stop,
            observer)
        .run(server);
  }

  @Test
  void findsTheRateAtWhichLatencyReachesTheGoal() throws Exception {
    // the simulated p99 is 0.99 ms / (1 - load): 10 ms at a load of 0.901
    Peak peak = search(new SimulatedServer(10_000), new Slo(99, 10_000_000), Observer.NONE);

    Trial confirmed = peak.confirmed().orElseThrow();
    assertThat(confirmed.offered()).isBetween(9_010 / 1.04, 9_030.0);
    assertThat(confirmed.measurement().seconds()).isEqualTo(10);
    assertThat(peak.closedLoop().rate()).isEqualTo(10_000);
    assertThat(peak.trials()).hasSizeBetween(4, 13).last().isEqualTo(confirmed);
  }

  @Test
  void aGoalThatNothingMeetsHasNoPeak() throws Exception {
    Peak peak = search(new SimulatedServer(10_000), new Slo(99, 1_000), Observer.NONE);

    assertThat(peak.confirmed()).isEmpty();
    assertThat(peak.trials()).hasSize(12).noneMatch(Trial::isMet);
    assertThat(peak.trials().getFirst().missed())
        .hasValueSatisfying(why -> assertThat(why).startsWith("p99 4.9"));
  }

  @Test
  void keepsTheTrialsBeforeTheUserHadSeenEnough() throws Exception {
    Observer impatient =
        new Observer() {
          private int trials;

          @Override
          public void phase(String name) {}

          @Override
          public void window(double seconds, Measurement measurement) {}

          @Override
          public void note(String line) {
            if (++trials == 3) {
              stop.ask();
            }
          }
        };

    Peak peak = search(new SimulatedServer(10_000), new Slo(99, 10_000_000), impatient);

    assertThat(peak.trials()).hasSize(2);
    assertThat(peak.confirmed()).isEmpty();
  }

  @Test
  void slowServersGetLongerTrials() throws Exception {
    Peak peak = search(new SimulatedServer(100), new Slo(99, 10_000_000), Observer.NONE);

    assertThat(peak.trials().getFirst().measurement().seconds()).isEqualTo(500 / 80.0);
  }
}
