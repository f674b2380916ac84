// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import static dev.millrace.loadtest.simulator.baseline.Timeline.linear;
import static dev.millrace.loadtest.simulator.baseline.Timeline.nanos;
import static dev.millrace.loadtest.simulator.baseline.Timeline.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Baselines in which each replica looks after itself. */
class WorkersTest {
  private static final ServiceCurve TEN = linear(10, 0);

  private static Timeline pull(int replicas, int maxBatch, double delayMillis, int capacity) {
    return new Timeline(
        new SizePlusDelayPull(replicas, maxBatch, nanos(delayMillis), capacity), TEN, replicas);
  }

  @Test
  void noBatchingRunsOneAfterTheOther() {
    Timeline timeline = new Timeline(new NoBatching(), TEN, 1).arrives(0).arrives(1).arrives(2);
    timeline.run();

    assertThat(timeline.sizes()).containsExactly(1, 1, 1);
    assertThat(timeline.startsMillis()).containsExactly(0., 10., 20.);
  }

  @Test
  void aWorkerGathersFromTheTimeItTook() {
    Timeline timeline = pull(1, 8, 5, 1000).arrives(0).arrives(4).arrives(6).arrives(7);
    timeline.run();

    // the second window opens at 15, not at 6 when its first request came
    assertThat(timeline.startsMillis()).containsExactly(5., 20.);
    assertThat(timeline.sizes()).containsExactly(2, 2);
  }

  @Test
  void aFullWorkerDoesNotWait() {
    Timeline timeline = pull(1, 2, 5, 1000).arrives(0).arrives(1).arrives(2).arrives(3);
    timeline.run();

    assertThat(timeline.startsMillis()).containsExactly(1., 11.);
    assertThat(timeline.sizes()).containsExactly(2, 2);
  }

  @Test
  void idleWorkersTakeFromEachOthersWindows() {
    Timeline timeline = pull(2, 8, 5, 1000).arrives(0).arrives(1).arrives(2).arrives(3);
    timeline.run();

    assertThat(timeline.startsMillis()).containsExactly(5., 6.);
    assertThat(timeline.sizes()).containsExactly(2, 2);
  }

  @Test
  void anotherShapeEndsTheGathering() {
    Timeline timeline =
        pull(1, 8, 5, 1000).arrives(0).arrives(request(1, -1, 1, 1)).arrives(2).run();

    assertThat(timeline.startsMillis()).containsExactly(1., 11., 26.);
    assertThat(timeline.sizes()).containsExactly(1, 1, 1);
  }

  @Test
  void withoutADelayAWorkerTakesWhatWaits() {
    Timeline timeline = pull(1, 8, 0, 2).arrives(0).arrives(1).arrives(2).arrives(3);
    timeline.run();

    assertThat(timeline.sizes()).containsExactly(1, 2);
    assertThat(timeline.refused()).containsExactly(3);
  }

  @Test
  void clipperGrowsByAStepAndShrinksByATenth() {
    ClipperAimd clipper = new ClipperAimd(1, nanos(20), 64, 1);
    List<SimRequest> twenty = IntStream.range(0, 20).mapToObj(i -> request(0, -1, 1, 0)).toList();

    for (int size = 1; size <= 20; size++) {
      assertThat(clipper.largest(0)).isEqualTo(size);
      clipper.finished(0, 0, twenty.subList(0, size), nanos(20));
    }
    assertThat(clipper.largest(0)).isEqualTo(21);

    clipper.finished(0, 0, twenty, nanos(20)); // not a full batch: says nothing
    assertThat(clipper.largest(0)).isEqualTo(21);

    clipper.finished(0, 0, twenty, nanos(20) + 1);
    assertThat(clipper.largest(0)).isEqualTo(18);
    clipper.finished(0, 0, twenty, nanos(30));
    assertThat(clipper.largest(0)).isEqualTo(16);
  }

  @Test
  void clipperSettlesWhereARunTakesTheSlo() {
    ClipperAimd clipper = new ClipperAimd(1, nanos(20), 64, 1);
    Timeline timeline = new Timeline(clipper, linear(5, 1), 1);
    for (int i = 0; i < 1000; i++) {
      timeline.arrives(i * .1);
    }
    timeline.run();

    assertThat(timeline.sizes()).startsWith(1, 2, 3, 4, 5).contains(14, 15, 16).doesNotContain(17);
    assertThat(timeline.refused()).isEmpty();
  }

  @Test
  void clippersReplicasDoNotHelpEachOther() {
    Timeline timeline =
        new Timeline(new ClipperAimd(2, nanos(20), 64, 1), linear(0, 10), 2)
            .arrives(request(0, -1, 2, 0)) // replica 0, until 20
            .arrives(request(1, -1, 3, 0)) // replica 1, until 31
            .arrives(2) // replica 0
            .arrives(request(3, -1, 3, 0)) // replica 0: 3 rows each
            .arrives(4) // replica 1
            .run();

    assertThat(timeline.batches().stream().map(Timeline.Batch::replica))
        .containsExactly(0, 1, 0, 0, 1);
    assertThat(timeline.startsMillis()).containsExactly(0., 1., 20., 30., 31.);
  }
}
