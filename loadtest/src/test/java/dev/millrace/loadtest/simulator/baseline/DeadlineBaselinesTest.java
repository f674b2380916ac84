// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import static dev.millrace.loadtest.simulator.baseline.Timeline.linear;
import static dev.millrace.loadtest.simulator.baseline.Timeline.nanos;
import static dev.millrace.loadtest.simulator.baseline.Timeline.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceCurve;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Nexus and Symphony, which know when an answer is due. */
class DeadlineBaselinesTest {
  private static final ServiceCurve RESNET = linear(5.07, 1.05);
  private static final double SLO = 25;

  private static Timeline poisson(Scheduler scheduler, int replicas, double perSecond, int count) {
    Timeline timeline = new Timeline(scheduler, RESNET, replicas);
    Random random = new Random(1);
    double millis = 0;
    for (int i = 0; i < count; i++) {
      millis += -1000 * Math.log(1 - random.nextDouble()) / perSecond;
      timeline.arrives(request(millis, SLO, 1, 0));
    }
    return timeline.run();
  }

  private static double medianMillis(Timeline timeline) {
    double[] sorted =
        timeline.requests().stream().mapToDouble(r -> r.latencyNanos() / 1e6).sorted().toArray();
    return sorted[sorted.length / 2];
  }

  @Test
  void nexusPlansABatchThatRunsTwiceWithinTheSlo() {
    assertThat(NexusWindow.early(RESNET, nanos(SLO), 64).planned(0)).isEqualTo(7);
    assertThat(NexusWindow.early(RESNET, nanos(SLO), 4).planned(0)).isEqualTo(4);
  }

  @Test
  void earlyDropRefusesHeadsThatCannotWaitForTheWindow() {
    // l = 5 + b, SLO 14: planned 2. From 6 to 15.5 a long run; then the window needs 7 ms.
    Timeline timeline =
        new Timeline(NexusWindow.early(linear(5, 1), nanos(14), 64), linear(15, .5), 1)
            .arrives(request(0, 14, 1, 0))
            .arrives(request(8, 14, 1, 0)) // due 22: 15.5 + 7 is too late, 15.5 + 6 is not
            .arrives(request(9, 14, 1, 0)) // due 23
            .arrives(request(10, 14, 1, 0))
            .run();

    assertThat(timeline.refused()).containsExactly(1);
    assertThat(timeline.sizes()).containsExactly(1, 2);
    assertThat(timeline.latencyMillis(1)).isEqualTo(7.5); // hears of it at 15.5
  }

  @Test
  void lazyDropShrinksTheBatchInstead() {
    Timeline timeline =
        new Timeline(NexusWindow.lazy(linear(5, 1), nanos(14), 64), linear(15, .5), 1)
            .arrives(request(0, 14, 1, 0))
            .arrives(request(1, 14, 1, 0)) // due 15, cannot run even alone
            .arrives(request(8, 14, 1, 0)) // due 22: time for one
            .arrives(request(20, 14, 1, 0))
            .arrives(request(21, 14, 1, 0))
            .run();

    assertThat(timeline.refused()).contains(1);
    assertThat(timeline.batches().get(1).requests()).containsExactly(timeline.requests().get(2));
  }

  @Test
  void nexusServesTheEarliestDeadlineFirst() {
    Timeline timeline =
        new Timeline(NexusWindow.early(linear(5, 1), nanos(14), 64), linear(5, 1), 1)
            .arrives(request(0, 30, 1, 0))
            .arrives(request(1, 90, 1, 1))
            .arrives(request(2, 30, 1, 0))
            .arrives(request(3, 20, 1, 0))
            .run();

    assertThat(timeline.sizes()).containsExactly(1, 2, 1);
    assertThat(timeline.batches().get(1).requests().getFirst())
        .isSameAs(timeline.requests().get(3));
  }

  @Test
  void lazyDropSpiralsUnderOverloadAndEarlyDropDoesNot() {
    double best = 7 / (5.07 + 7 * 1.05) * 1000;
    Timeline early = poisson(NexusWindow.early(RESNET, nanos(SLO), 64), 1, 2 * best, 20_000);
    Timeline lazy = poisson(NexusWindow.lazy(RESNET, nanos(SLO), 64), 1, 2 * best, 20_000);

    assertThat(early.onTime() / 10_000.).isGreaterThan(.9);
    assertThat(lazy.onTime() / 10_000.).isLessThan(.5);
  }

  @Test
  void symphonyStartsALonelyRequestWhenNoOtherCouldJoin() {
    SymphonyDeferred symphony = new SymphonyDeferred(linear(5, 1), 1, nanos(25), 64, 0);
    Timeline timeline = new Timeline(symphony, linear(5, 1), 1).arrives(request(1, 25, 1, 0));
    timeline.run();

    assertThat(timeline.startsMillis()).containsExactly(26. - 7);
    assertThat(timeline.latencyMillis(0)).isEqualTo(24);
  }

  @Test
  void symphonysMarginIsTimeToSpare() {
    SymphonyDeferred symphony = new SymphonyDeferred(linear(5, 1), 1, nanos(25), 64, .5);
    Timeline timeline = new Timeline(symphony, linear(5, 1), 1).arrives(request(1, 25, 1, 0));
    timeline.run();

    assertThat(timeline.startsMillis()).containsExactly(26. - 10.5);
  }

  @Test
  void symphonysTargetGrowsWithTheReplicas() {
    assertThat(new SymphonyDeferred(RESNET, 1, nanos(SLO), 64, 0).target(0)).isEqualTo(7);
    assertThat(new SymphonyDeferred(RESNET, 8, nanos(SLO), 64, 0).target(0)).isEqualTo(16);
  }

  @Test
  void symphonyStartsAtOnceAtItsTarget() {
    SymphonyDeferred symphony = new SymphonyDeferred(linear(5, 1), 1, nanos(16), 64, 0);
    Timeline timeline = new Timeline(symphony, linear(5, 1), 1);
    for (int i = 0; i < 3; i++) {
      timeline.arrives(request(i, 16, 1, 0));
    }
    timeline.run();

    assertThat(symphony.target(0)).isEqualTo(3);
    assertThat(timeline.startsMillis()).containsExactly(2.);
  }

  @Test
  void symphonySpendsTheWholeSloAtLowLoad() {
    Timeline idle = poisson(new SymphonyDeferred(RESNET, 8, nanos(SLO), 64, 0), 8, 5, 5_000);
    double third = .3 * 8 * 16 / (5.07 + 16 * 1.05) * 1000;
    Timeline busier = poisson(new SymphonyDeferred(RESNET, 8, nanos(SLO), 64, 0), 8, third, 50_000);

    assertThat(medianMillis(idle)).isBetween(23.9, SLO);
    assertThat(medianMillis(busier)).isBetween(20., SLO);
    assertThat(idle.onTime()).isEqualTo(5_000);
    assertThat(busier.onTime()).isGreaterThan(49_900);
  }

  @Test
  void symphonyDropsHeadsRatherThanShrinkItsBatches() {
    double best = 7 / (5.07 + 7 * 1.05) * 1000;
    Timeline timeline =
        poisson(new SymphonyDeferred(RESNET, 1, nanos(SLO), 64, 0), 1, 2 * best, 20_000);

    assertThat(timeline.onTime() / 10_000.).isGreaterThan(.9);
  }

  @Test
  void saysWhatAMarginMayBe() {
    assertThatThrownBy(() -> new SymphonyDeferred(RESNET, 1, nanos(SLO), 64, -1))
        .hasMessage("margin: -1.0 (expected at least 0)");
  }
}
