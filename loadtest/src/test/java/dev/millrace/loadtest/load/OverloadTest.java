// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class OverloadTest {
  private final Stop stop = new Stop();

  private Overload run(SimulatedServer server) throws Exception {
    return Overload.run(
        server,
        1000,
        5_000_000,
        rate ->
            new LoadShape.OpenLoop(
                seed ->
                    ArrivalSpec.fixed(rate, new ArrivalPattern.Constant(), Double.POSITIVE_INFINITY)
                        .schedule(seed),
                1000),
        TimeUnit.SECONDS.toNanos(2),
        stop,
        Observer.NONE);
  }

  @Test
  void offersFromHalfToFourTimesThePeak() throws Exception {
    SimulatedServer server = new SimulatedServer(1000);

    Overload overload = run(server);

    assertThat(server.calls()).containsExactly("500", "800", "1000", "1500", "2000", "4000");
    assertThat(overload.rows())
        .extracting(row -> row.measurement().goodput())
        .containsExactly(500.0, 800.0, 1000.0, 1000.0, 1000.0, 1000.0);
    assertThat(overload.rows().getLast().measurement().failed()).isEqualTo(6000);
  }

  @Test
  void measuresNothingMoreWhenTheUserHasSeenEnough() throws Exception {
    stop.ask();

    assertThat(run(new SimulatedServer(1000)).rows()).isEmpty();
  }

  @Test
  void theDefaultDeadlineHasRoomForTheTail() {
    Measurement longTail =
        Measurements.sum(List.of(Samples.ok(1, 970, 1_000_000), Samples.ok(1, 30, 100_000_000)));

    assertThat(Overload.defaultDeadlineNanos(longTail))
        .isEqualTo(2 * longTail.latency().getValueAtPercentile(99));
  }

  @Test
  void theDefaultDeadlineIsFiveMediansButNotBelowAMillisecond() {
    assertThat(Overload.defaultDeadlineNanos(Samples.ok(1, 1000, 2_000_000)))
        .isBetween(5_000_000L, 5_010_000L);
    assertThat(Overload.defaultDeadlineNanos(Samples.ok(1, 1000, 10_000))).isEqualTo(1_000_000);
  }
}
