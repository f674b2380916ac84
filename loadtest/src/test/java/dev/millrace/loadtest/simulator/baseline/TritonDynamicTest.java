// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import static dev.millrace.loadtest.simulator.baseline.Timeline.linear;
import static dev.millrace.loadtest.simulator.baseline.Timeline.nanos;
import static dev.millrace.loadtest.simulator.baseline.Timeline.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.baseline.TritonDynamic.Options;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class TritonDynamicTest {
  private static final ServiceCurve TEN = linear(10, 0);

  private static Timeline on(Options options, ServiceCurve curve, int replicas) {
    return new Timeline(new TritonDynamic(options), curve, replicas);
  }

  @Test
  void takesAllThatWaitsByDefault() {
    Timeline timeline = on(Options.byDefault(4), TEN, 1);
    for (int i = 0; i < 7; i++) {
      timeline.arrives(i);
    }
    timeline.run();

    assertThat(timeline.sizes()).containsExactly(1, 4, 2);
    assertThat(timeline.startsMillis()).containsExactly(0., 10., 20.);
  }

  @Test
  void cutsABatchAtTheFirstOtherShape() {
    Timeline timeline = on(Options.byDefault(8), TEN, 1);
    for (int i = 0; i < 6; i++) {
      timeline.arrives(request(i, -1, 1, i % 2));
    }
    timeline.run();

    assertThat(timeline.sizes()).containsExactly(1, 1, 1, 1, 1, 1);
  }

  @Test
  void anotherShapeEndsTheDelayOfThoseBeforeIt() {
    Timeline timeline =
        on(Options.byDefault(8).withMaxQueueDelayNanos(nanos(5)), TEN, 2)
            .arrives(request(0, -1, 1, 0))
            .arrives(request(1, -1, 1, 0))
            .arrives(request(2, -1, 1, 1))
            .run();

    assertThat(timeline.sizes()).containsExactly(2, 1);
    assertThat(timeline.startsMillis()).containsExactly(2., 7.);
  }

  @Test
  void delaysTheOldestRequestThoughAReplicaIsIdle() {
    Timeline timeline =
        on(Options.byDefault(8).withMaxQueueDelayNanos(nanos(5)), TEN, 1)
            .arrives(1)
            .arrives(4)
            .arrives(7)
            .run();

    assertThat(timeline.startsMillis()).containsExactly(6., 16.);
    assertThat(timeline.sizes()).containsExactly(2, 1);
  }

  @Test
  void goesAtOnceAtAPreferredSize() {
    Options options =
        Options.byDefault(8).withPreferredSizes(2, 4).withMaxQueueDelayNanos(nanos(50));
    Timeline timeline = on(options, TEN, 1).arrives(0).arrives(3);
    for (int i = 4; i < 9; i++) {
      timeline.arrives(i);
    }
    timeline.run();

    // 2 at once; then 5 wait: the largest preferred goes, the last waits from 8 for its delay
    assertThat(timeline.sizes()).containsExactly(2, 4, 1);
    assertThat(timeline.startsMillis()).containsExactly(3., 13., 58.);
  }

  @Test
  void takesMoreThanPreferredOnceTheDelayIsOver() {
    Options options = Options.byDefault(8).withPreferredSizes(4).withMaxQueueDelayNanos(nanos(5));
    Timeline timeline = on(options, TEN, 1).arrives(0).arrives(0).arrives(0).arrives(0);
    for (int i = 1; i < 7; i++) {
      timeline.arrives(i);
    }
    timeline.run();

    assertThat(timeline.sizes()).containsExactly(4, 6);
  }

  @Test
  void withoutADelayTakesThePreferredPrefixAndThenTheRest() {
    Timeline timeline = on(Options.byDefault(8).withPreferredSizes(4), TEN, 1).arrives(0);
    for (int i = 1; i < 8; i++) {
      timeline.arrives(i);
    }
    timeline.run();

    assertThat(timeline.sizes()).containsExactly(1, 4, 3);
  }

  @Test
  void countsRowsAndNeverSplitsARequest() {
    Timeline timeline =
        on(Options.byDefault(8), TEN, 1)
            .arrives(0)
            .arrives(request(1, -1, 3, 0))
            .arrives(request(2, -1, 6, 0))
            .arrives(request(3, -1, 2, 0))
            .arrives(request(4, -1, 9, 0))
            .run();

    assertThat(timeline.sizes()).containsExactly(1, 1, 2);
    assertThat(timeline.refused()).containsExactly(4);
  }

  @Test
  void theFirstIdleReplicaTakesAll() {
    Timeline timeline = on(Options.byDefault(8), TEN, 2).arrives(0).arrives(0);
    for (int i = 1; i < 7; i++) {
      timeline.arrives(i);
    }
    timeline.run();

    assertThat(timeline.sizes()).containsExactly(1, 1, 6);
    assertThat(timeline.batches().get(2).replica()).isZero();
  }

  @Test
  void refusesAtTheDoorWhenTheQueueIsFull() {
    Timeline timeline = on(Options.byDefault(8).withMaxQueueSize(2), TEN, 1);
    for (int i = 0; i < 5; i++) {
      timeline.arrives(i);
    }
    timeline.run();

    assertThat(timeline.refused()).containsExactly(3, 4);
    assertThat(timeline.latencyMillis(3)).isZero();
  }

  @Test
  void answersAnExpiredRequestOnlyWhenAReplicaGetsIdle() {
    Timeline timeline =
        on(Options.byDefault(1).withQueueTimeoutNanos(nanos(15)), linear(40, 0), 1)
            .arrives(0)
            .arrives(10)
            .arrives(30)
            .run();

    assertThat(timeline.refused()).containsExactly(1);
    assertThat(timeline.latencyMillis(1)).isEqualTo(30);
    assertThat(timeline.startsMillis()).containsExactly(0., 40.);
  }

  @Test
  void orAfterHalfASecondIfNoneDoes() {
    Timeline timeline =
        on(Options.byDefault(1).withQueueTimeoutNanos(nanos(15)), linear(1200, 0), 1)
            .arrives(0)
            .arrives(10)
            .run();

    assertThat(timeline.refused()).containsExactly(1);
    assertThat(timeline.latencyMillis(1)).isEqualTo(490);
  }

  @Test
  void refusesWhatExpiresBeforeItsDelayIsOver() {
    Options options =
        Options.byDefault(8).withMaxQueueDelayNanos(nanos(20)).withQueueTimeoutNanos(nanos(5));
    Timeline timeline = on(options, TEN, 1).arrives(0).run();

    assertThat(timeline.refused()).containsExactly(0);
    assertThat(timeline.requests().getFirst().latencyNanos()).isEqualTo(nanos(5) + 1);
  }

  @Test
  void theGridsHave30DifferentPoints() {
    List<Options> measured = TritonGrid.measured(linear(5.07, 1.05), 0, 64, nanos(25));
    List<Options> round = TritonGrid.round(64, nanos(25));

    assertThat(new HashSet<>(measured)).hasSize(30);
    assertThat(new HashSet<>(round)).hasSize(30);
    assertThat(measured.stream().map(Options::maxBatch).distinct())
        .containsExactly(4, 9, 13, 16, 64);
    assertThat(measured).contains(Options.byDefault(64));
    assertThat(round).contains(Options.byDefault(64));
    assertThat(round.stream().map(Options::maxBatch).distinct()).containsExactly(64, 32, 16, 8, 4);
  }

  @Test
  void saysWhatAPreferredSizeMayBe() {
    assertThatThrownBy(() -> Options.byDefault(4).withPreferredSizes(5))
        .hasMessage("preferred size: 5 (expected 1..4)");
  }
}
