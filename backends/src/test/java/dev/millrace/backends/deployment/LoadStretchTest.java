// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** What is made of two readings, half a second apart, of a version with one replica. */
class LoadStretchTest {
  private static final long SLO = 20_000_000;

  private final Readings readings = new Readings();
  private final LoadReading begin = readings.last();

  private LoadStretch until(LoadReading end) {
    return new LoadStretch(begin, begin, end);
  }

  @Test
  void aReplicaThatRunsAllTheTimeInSmallBatchesIsNotShort() {
    readings.waiting(200, 8).batching(200, 4);
    LoadStretch stretch = until(readings.next(200, 0.0005));

    assertThat(stretch.neededReplicas()).isCloseTo(0.2, within(1e-9));
    assertThat(stretch.highLoad()).isEmpty();
    assertThat(stretch.waits(0)).isEmpty();
  }

  @Test
  void oneThatRunsTheLargestAndHasMoreWaitingIsShort() {
    readings.queued(100).waiting(200, 60).batching(200, 20);
    LoadStretch stretch = until(readings.next(200, 0.0025));

    assertThat(stretch.neededReplicas()).isCloseTo(1.5, within(1e-9));
    assertThat(stretch.highLoad()).contains("load for 1.50 replicas (expected at most 0.75)");
  }

  @Test
  void whatIsNotSaturatedNeedsNoMoreThanItRuns() {
    readings.idling(0.3);
    LoadStretch stretch = until(readings.next(200, 0.01));

    assertThat(stretch.neededReplicas()).isCloseTo(0.4, within(1e-9));
    assertThat(stretch.capacity()).isCloseTo(1000, within(1e-6));
  }

  @Test
  void fewRequestsProveNothing() {
    assertThat(until(readings.next(4, 0.2)).highLoad()).isEmpty();
    assertThat(until(readings.next(96, 0.02)).highLoad()).isPresent();
  }

  @Test
  void refusalsCountWhereReplicasHaveEnoughToDo() {
    readings.turningAway(20);
    assertThat(until(readings.next(380, 0.001)).refusals())
        .contains("20 of 400 requests turned away");
    readings.idling(0.4);
    assertThat(until(readings.last()).refusals()).isEmpty();
  }

  @Test
  void waitsAreHeldAgainstTheSloOrAgainstWhatABatchTakes() {
    readings.waiting(190, 5).waiting(10, 30).batching(200, 4);
    LoadStretch stretch = until(readings.next(200, 0.0005));

    assertThat(stretch.waits(SLO))
        .contains("10 of 200 requests waited longer than half of the SLO of 20.000 ms");
    assertThat(stretch.waits(5 * SLO)).isEmpty();
    assertThat(stretch.waits(0)).isEmpty();
    assertThat(until(readings.waiting(0, 0).waiting(200, 20).last()).waits(0))
        .contains("requests wait 26.250 ms where a batch takes 10.000 ms");
  }

  @Test
  void whatEventLoopsRunNeedsNoReplica() {
    readings.onEventLoops(1);

    assertThat(until(readings.next(500, 0.001)).neededReplicas()).isZero();
  }

  @Test
  void withoutACurveItIsWhatReplicasRun() {
    assertThat(until(readings.next(10, 0)).neededReplicas()).isCloseTo(1, within(1e-9));
  }
}
