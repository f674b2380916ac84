// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import static dev.millrace.loadtest.simulator.baseline.Timeline.linear;
import static dev.millrace.loadtest.simulator.baseline.Timeline.nanos;
import static dev.millrace.loadtest.simulator.baseline.Timeline.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.baseline.TensorFlowBasic.Options;
import java.util.HashSet;
import org.junit.jupiter.api.Test;

class TensorFlowTest {
  private static final ServiceCurve TEN = linear(10, 0);

  private static Timeline basic(int maxBatch, double timeoutMillis, int maxEnqueued) {
    Options options = new Options(maxBatch, nanos(timeoutMillis), maxEnqueued);
    return new Timeline(new TensorFlowBasic(options), TEN, 1);
  }

  @Test
  void anOpenBatchWaitsForItsTimeoutOrIsFull() {
    Timeline timeline = basic(3, 4, 10).arrives(0).arrives(1).arrives(20);
    timeline.arrives(21).arrives(22).run();

    assertThat(timeline.startsMillis()).containsExactly(4., 22.);
    assertThat(timeline.sizes()).containsExactly(2, 3);
  }

  @Test
  void aClosedBatchDoesNotGrow() {
    Timeline timeline =
        basic(4, 0, 10)
            .arrives(0)
            .arrives(request(1, -1, 2, 0))
            .arrives(request(2, -1, 3, 0)) // closes the batch of 2 rows before it
            .arrives(3)
            .arrives(request(4, -1, 2, 0)) // would fit beside the 2 rows
            .run();

    assertThat(timeline.sizes()).containsExactly(1, 1, 2, 1);
    assertThat(timeline.batches().get(1).requests().getFirst().rows()).isEqualTo(2);
  }

  @Test
  void anotherShapeClosesTheBatch() {
    Timeline timeline = basic(4, 0, 10).arrives(0);
    for (int i = 1; i < 5; i++) {
      timeline.arrives(request(i, -1, 1, i % 2));
    }
    timeline.run();

    assertThat(timeline.sizes()).containsExactly(1, 1, 1, 1, 1);
  }

  @Test
  void refusesWhatNeedsABatchTooMany() {
    Timeline timeline = basic(2, 0, 2);
    for (int i = 0; i < 7; i++) {
      timeline.arrives(i);
    }
    timeline.run();

    assertThat(timeline.sizes()).containsExactly(1, 2, 2);
    assertThat(timeline.refused()).containsExactly(5, 6);
    assertThat(timeline.latencyMillis(5)).isZero();
  }

  @Test
  void theGridHas30DifferentPoints() {
    assertThat(new HashSet<>(TensorFlowBasic.grid(linear(5.07, 1.05), 0, 64, nanos(25), 4)))
        .hasSize(30);
  }

  @Test
  void justInTimeClosesABatchOfOneAtTheOnsetOfLoad() {
    Timeline timeline = new Timeline(new TensorFlowJustInTime(8, 1000), TEN, 1);
    for (int i = 0; i < 7; i++) {
      timeline.arrives(i);
    }
    timeline.run();

    assertThat(timeline.sizes()).containsExactly(1, 1, 5);
    assertThat(timeline.startsMillis()).containsExactly(0., 10., 20.);
  }

  @Test
  void justInTimeKeepsOneBatchReady() {
    Timeline timeline = new Timeline(new TensorFlowJustInTime(2, 1000), TEN, 1);
    for (int i = 0; i < 5; i++) {
      timeline.arrives(i);
    }
    timeline.arrives(12).run();

    // at 10 the batch of 1 starts and 2 are made ready; that of 12 finds 1 in the queue
    assertThat(timeline.sizes()).containsExactly(1, 1, 2, 2);
  }

  @Test
  void justInTimeRefusesBeyondItsQueue() {
    Timeline timeline = new Timeline(new TensorFlowJustInTime(8, 2), TEN, 1);
    for (int i = 0; i < 6; i++) {
      timeline.arrives(i);
    }
    timeline.run();

    assertThat(timeline.refused()).containsExactly(4, 5);
  }
}
