// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import static dev.millrace.loadtest.simulator.baseline.Timeline.linear;
import static dev.millrace.loadtest.simulator.baseline.Timeline.nanos;
import static dev.millrace.loadtest.simulator.baseline.Timeline.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class BoundsTest {
  private static final ServiceCurve RESNET = linear(5.07, 1.05);

  private static List<SimRequest> poisson(Random random, double perSecond, double slo, int count) {
    List<SimRequest> requests = new ArrayList<>();
    double millis = 0;
    for (int i = 0; i < count; i++) {
      millis += -1000 * Math.log(1 - random.nextDouble()) / perSecond;
      requests.add(request(millis, slo, 1, 0));
    }
    return requests;
  }

  @Test
  void waitsForTheSecondWhereThatSavesBoth() {
    // l = 4 + b, both due at 8: alone from 0 leaves no time for the other, together from 2 does
    List<SimRequest> two = List.of(request(0, 8, 1, 0), request(2, 6, 1, 0));

    assertThat(OfflineOptimum.onTime(two, linear(4, 1), 8)).isEqualTo(2);
    assertThat(OfflineOptimum.onTime(two, linear(4, 1), 1)).isEqualTo(1);
    assertThat(OfflineOptimum.onTime(List.of(), linear(4, 1), 1)).isZero();
  }

  @Test
  void agreesWithEveryScheduleTriedOnSmallCases() {
    Random random = new Random(7);
    for (int round = 0; round < 400; round++) {
      double alpha = random.nextInt(5);
      ServiceCurve curve =
          round % 4 == 0
              ? (shape, rows) -> nanos(rows == 2 ? 3 * alpha + 3 : alpha + 2 * rows) // not monotone
              : linear(alpha, 1 + random.nextInt(2));
      List<SimRequest> requests = new ArrayList<>();
      int millis = 0;
      int due = 0;
      int count = 2 + random.nextInt(4);
      for (int i = 0; i < count; i++) {
        millis += random.nextInt(4);
        due = Math.max(due, millis + 3 + random.nextInt(12));
        requests.add(request(millis, due - millis, 1, 0));
      }
      int maxBatch = 1 + random.nextInt(4);

      int optimum = OfflineOptimum.onTime(requests, curve, maxBatch);

      assertThat(optimum)
          .as("round %d", round)
          .isEqualTo(mostOnTime(requests, curve, maxBatch, (1 << count) - 1, 0))
          .isLessThanOrEqualTo(new FluidBound(curve, 1, maxBatch).onTime(requests));
    }
  }

  /** Tries any set as the next batch, in any order. */
  private static int mostOnTime(
      List<SimRequest> requests, ServiceCurve curve, int maxBatch, int left, long free) {
    int most = 0;
    for (int batch = left; batch > 0; batch = (batch - 1) & left) {
      int rows = Integer.bitCount(batch);
      if (rows <= maxBatch) {
        long start = free;
        long due = Long.MAX_VALUE;
        for (int i = 0; i < requests.size(); i++) {
          if ((batch >> i & 1) == 1) {
            start = Math.max(start, requests.get(i).arrivalNanos());
            due = Math.min(due, requests.get(i).deadlineNanos());
          }
        }
        long end = start + curve.nanos(0, rows);
        if (end <= due) {
          most = Math.max(most, rows + mostOnTime(requests, curve, maxBatch, left & ~batch, end));
        }
      }
    }
    return most;
  }

  @Test
  @Timeout(value = 20, unit = TimeUnit.SECONDS)
  void isQuickForThreeThousandUnderOverload() {
    double best = 7 / (5.07 + 7 * 1.05) * 1000;
    List<SimRequest> requests = poisson(new Random(1), 2 * best, 25, 3000);

    int optimum = OfflineOptimum.onTime(requests, RESNET, 64);

    Timeline nexus = new Timeline(NexusWindow.early(RESNET, nanos(25), 64), RESNET, 1);
    requests.forEach(nexus::arrives);
    assertThat(optimum).isGreaterThanOrEqualTo((int) nexus.run().onTime());
    assertThat(optimum).isLessThanOrEqualTo(new FluidBound(RESNET, 1, 64).onTime(requests));
  }

  @Test
  void theFluidServerRunsTheBestBatchThatTheDeadlineAllows() {
    // l(18) = 23.97 is the longest run within 25 ms
    FluidBound bound = new FluidBound(RESNET, 4, 64);

    assertThat(bound.rowsPerSecond(0, nanos(25))).isCloseTo(4 * 18 / .02397, within(1e-6));
    assertThat(bound.rowsPerSecond(0, nanos(5))).isZero();
  }

  @Test
  void theFluidServerRefusesTheExcessOfAnOverload() {
    double rate = new FluidBound(RESNET, 4, 64).rowsPerSecond(0, nanos(25));
    List<SimRequest> requests = poisson(new Random(1), 2 * rate, 25, 20_000);

    assertThat(new FluidBound(RESNET, 4, 64).onTime(requests)).isBetween(9_700, 10_400);
  }

  @Test
  void saysWhichRequestIsNotAgreeable() {
    List<SimRequest> requests = List.of(request(0, 9, 1, 0), request(1, 3, 1, 0));

    assertThatThrownBy(() -> OfflineOptimum.onTime(requests, RESNET, 8))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("request 1: arrives at 1000000, due at 4000000");
  }
}
