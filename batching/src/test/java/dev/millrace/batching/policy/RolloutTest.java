// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.batching.cost.Curve;
import dev.millrace.batching.cost.Curves;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RolloutTest {
  private static final long MILLIS = 1_000_000;
  private static final long NOW = 3600_000 * MILLIS;

  /** 6 ms for a row, 10 ms for five. */
  private static final Curve CURVE = Curves.line(5 * MILLIS, MILLIS, 64);

  @Test
  void everythingIsOnTimeWhereThereIsTime() {
    FakeQueue queue = new FakeQueue(CURVE).items(6, NOW, NOW + 200 * MILLIS).arriving(1);
    Rollout rollout = new Rollout(NOW, queue, 5);

    assertThat(rollout.onTime(0, 2)).isCloseTo(6, within(0.5));
    assertThat(rollout.onTime(0, 6)).isCloseTo(6, within(0.5));
  }

  @Test
  void whatIsDroppedIsNotOnTime() {
    FakeQueue queue = new FakeQueue(CURVE).items(6, NOW, NOW + 200 * MILLIS).arriving(1);
    Rollout rollout = new Rollout(NOW, queue, 5);

    assertThat(rollout.onTime(2, 4)).isCloseTo(rollout.onTime(0, 2) - 2, within(0.5));
  }

  @Test
  void whatABatchMakesLateIsNotOnTime() {
    FakeQueue queue = new FakeQueue(CURVE).item(NOW, NOW + 10 * MILLIS, 5);
    queue.items(5, NOW, NOW + 12 * MILLIS).arriving(1);
    Rollout rollout = new Rollout(NOW, queue, 5);

    assertThat(rollout.onTime(0, 5)).isCloseTo(5, within(0.5));
  }

  @Test
  void otherReplicasHelpWhenTheyAreFree() {
    FakeQueue late = new FakeQueue(CURVE).items(5, NOW, NOW + 11 * MILLIS);
    late.items(5, NOW, NOW + 13 * MILLIS).replicas(2, NOW + 100 * MILLIS).arriving(1);
    FakeQueue free = new FakeQueue(CURVE).items(5, NOW, NOW + 11 * MILLIS);
    free.items(5, NOW, NOW + 13 * MILLIS).replicas(2, NOW + MILLIS).arriving(1);

    assertThat(new Rollout(NOW, late, 5).onTime(0, 5)).isCloseTo(5, within(0.5));
    assertThat(new Rollout(NOW, free, 5).onTime(0, 5)).isCloseTo(10, within(0.5));
  }

  @Test
  void arrivalsToComeCountAsWell() {
    FakeQueue queue = new FakeQueue(CURVE).items(5, NOW, NOW + 100 * MILLIS).arriving(200);
    Rollout rollout = new Rollout(NOW, queue, 5);

    // two objectives of 100 ms, 200 rows a second, and all of it can be served
    assertThat(rollout.onTime(0, 5)).isBetween(35.0, 46.0);
  }

  @Test
  void askingTwiceIsAnsweredTwiceTheSame() {
    FakeQueue queue = new FakeQueue(CURVE).items(50, NOW, NOW + 40 * MILLIS).arriving(2000);
    Rollout rollout = new Rollout(NOW, queue, 20);

    double first = rollout.onTime(0, 10);
    double second = rollout.onTime(5, 20);

    assertThat(rollout.onTime(0, 10)).isEqualTo(first);
    assertThat(rollout.onTime(5, 20)).isEqualTo(second);
  }

  @ParameterizedTest
  @CsvSource({
    // run in nanoseconds, objective in milliseconds, replicas, waiting, rows a second
    "1000, 1000, 1, 100, 1e6",
    "1000, 1000, 8, 5000, 1e6",
    "1000, 3600000, 8, 5000, 1e6",
    "1000000, 1000, 8, 5000, 1e4",
    "1000000, 50, 128, 5000, 1e4",
    "20000000, 1000, 8, 5000, 10",
  })
  void costsLittleHoweverLongAnObjectiveIs(
      double run, long objectiveMillis, int replicas, int waiting, double rate) {
    Curve curve = Curves.line(run, run / 10, 64);
    FakeQueue queue = new FakeQueue(curve);
    queue.items(waiting, NOW, NOW + objectiveMillis * MILLIS).replicas(replicas).arriving(rate);
    int before = queue.looks();

    new Rollout(NOW, queue, curve.limit()).onTime(0, 4);

    // batches played out: some tens per replica, and each looks at what it may take
    assertThat(queue.looks() - before).isLessThan(64 * replicas * 8 * curve.limit() + 3 * waiting);
  }

  /**
   * In a flood most of what comes is late before its turn: that is not to be counted row by row.
   */
  @Test
  void costsLittleInAFlood() {
    FakeQueue queue = new FakeQueue(CURVE).items(50, NOW, NOW + 100 * MILLIS);
    queue.replicas(2, NOW + 5 * MILLIS).arriving(1e9);

    Assertions.assertTimeout(
        Duration.ofSeconds(2),
        () -> {
          for (int i = 0; i < 1000; i++) {
            assertThat(new Rollout(NOW, queue, 20).onTime(0, 10)).isPositive();
          }
        });
  }
}
