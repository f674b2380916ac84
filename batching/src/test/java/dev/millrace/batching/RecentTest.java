// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

final class RecentTest {
  private static final long MILLIS = 1_000_000;
  private static final long SECONDS = 1_000 * MILLIS;

  /** What was added since the last fold is missing. */
  private static final Percentage CLOSELY = Percentage.withPercentage(8);

  private static final Offset<Double> EXACTLY = within(1e-6);

  private final Recent recent = new Recent();

  /** A batch of 4 of 6 rows every 10 ms, which takes 5 ms; answers when it ended. */
  private long load(long fromNanos, long forNanos) {
    long now = fromNanos;
    for (; now < fromNanos + forNanos; now += 10 * MILLIS) {
      for (int i = 0; i < 4; i++) {
        recent.arrived(now, now + (i == 0 ? 8 : 32) * MILLIS, 1);
      }
      recent.refused(2);
      recent.took(now, 1, 4, 6, false);
      recent.ran(now, 5 * MILLIS);
    }
    return now;
  }

  @Test
  void nothingHasHappenedAtFirst() {
    assertThat(recent.lately(7 * SECONDS)).isEqualTo(QueueReport.Lately.NOTHING);
    assertThat(recent.rowRate(1, 7 * SECONDS)).isZero();
  }

  @Test
  void ratesAreRightSoonAndStayRight() {
    for (long seconds : new long[] {1, 30}) {
      long now = load(seconds * 100 * SECONDS, seconds * SECONDS);
      QueueReport.Lately lately = recent.lately(now);

      assertThat(lately.arrivedRows()).isCloseTo(400, CLOSELY);
      assertThat(lately.refusedRows()).isCloseTo(200, CLOSELY);
      assertThat(lately.batches()).isCloseTo(100, CLOSELY);
      assertThat(lately.busyReplicas()).isCloseTo(0.5, CLOSELY);
      assertThat(lately.chosenRows()).isCloseTo(4, EXACTLY);
      assertThat(lately.queuedRows()).isCloseTo(6, EXACTLY);
      assertThat(recent.rowRate(1, now)).isCloseTo(400, CLOSELY);
      assertThat(recent.rowRate(2, now)).isZero();
    }
  }

  @Test
  void ratesFadeWhenNothingComes() {
    long now = load(SECONDS, 20 * SECONDS);

    assertThat(recent.lately(now + 5 * SECONDS).arrivedRows()).isCloseTo(400 / Math.E, CLOSELY);
    assertThat(recent.lately(now + 60 * SECONDS).arrivedRows()).isLessThan(0.01);
    assertThat(recent.lately(now + 60 * SECONDS).chosenRows()).isCloseTo(4, EXACTLY);
  }

  @Test
  void whatWasBeforeAPauseIsForgotten() {
    long pause = load(SECONDS, 20 * SECONDS) + 6 * SECONDS;
    recent.refused(1000);
    long now = pause + SECONDS;
    recent.arrived(pause, Long.MAX_VALUE, 1);
    recent.took(pause, 2, 1, 1, false);

    QueueReport.Lately lately = recent.lately(now);
    assertThat(lately.arrivedRows()).isCloseTo(1, within(0.2));
    assertThat(lately.refusedRows()).isZero();
    assertThat(lately.deadlineShare()).isZero();
    assertThat(lately.chosenRows()).isCloseTo(1, EXACTLY);
  }

  @Test
  void aSlowModelIsBusyThoughItSeldomRuns() {
    recent.arrived(0, Long.MAX_VALUE, 1);
    recent.took(0, 1, 1, 1, false);
    recent.ran(0, 3 * SECONDS);

    assertThat(recent.lately(3 * SECONDS).busyReplicas()).isGreaterThan(0.9);
    assertThat(recent.lately(8 * SECONDS).busyReplicas()).isCloseTo(0.28, within(0.05));
  }

  @Test
  void deadlinesAreToldByTheirShares() {
    QueueReport.Lately lately = recent.lately(load(SECONDS, 2 * SECONDS));

    assertThat(lately.deadlineShare()).isCloseTo(1, within(0.01));
    assertThat(lately.shortObjectiveNanos()).isCloseTo(8 * MILLIS, CLOSELY);
    assertThat(lately.objectiveNanos()).isCloseTo(32 * MILLIS, CLOSELY);
    assertThat(lately.longObjectiveNanos()).isCloseTo(32 * MILLIS, CLOSELY);
  }

  @Test
  void rowsWithoutADeadlineHaveNone() {
    recent.arrived(0, Long.MAX_VALUE, 3);
    recent.arrived(0, 5 * MILLIS, 1);
    recent.took(0, 1, 4, 4, true);

    QueueReport.Lately lately = recent.lately(0);
    assertThat(lately.deadlineShare()).isCloseTo(0.25, EXACTLY);
    assertThat(lately.loopShare()).isCloseTo(1, EXACTLY);
  }

  @Test
  void theQueueCountsWhatItShedsAndRefuses() {
    SteppedQueue stepped = new SteppedQueue();
    for (int i = 0; i < 60; i++) {
      stepped.offer(TestItem.item("x").ofRows(1).due(10));
    }
    stepped.offer(TestItem.item("too much").ofRows(50));
    stepped.nowNanos.set(11);
    stepped.next();
    stepped.offer(TestItem.item("runs").ofRows(3));
    stepped.nowNanos.set(100 * MILLIS);
    stepped.next();

    QueueReport.Lately lately = stepped.queue.report().lately();
    assertThat(lately.shedRows() / lately.arrivedRows()).isCloseTo(60.0 / 63, EXACTLY);
    assertThat(lately.refusedRows() / lately.arrivedRows()).isCloseTo(50.0 / 63, EXACTLY);
    assertThat(lately.chosenRows()).isCloseTo(3, EXACTLY);
  }
}
