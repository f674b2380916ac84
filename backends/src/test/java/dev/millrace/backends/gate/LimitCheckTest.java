// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.gate.MetricLimit.Bounded;
import dev.millrace.backends.gate.MetricLimit.Kind;
import dev.millrace.backends.gate.MetricLimit.Max;
import dev.millrace.backends.gate.MetricLimit.Per;
import dev.millrace.backends.gate.MetricLimit.RatioToStable;
import dev.millrace.backends.gate.Verdict.State;
import dev.millrace.backends.shadow.Tolerance;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Limits of metrics, in steps of a rollout by hand. */
class LimitCheckTest {
  private static final int LOOKS = 50;

  private final Step step = new Step();

  private static Gates counter(Per per, Bounded bound) {
    return limited(
        new MetricLimit("rejections_total", Kind.COUNTER, Map.of("reason", "x"), 0, per, bound));
  }

  private static Gates gauge(Bounded bound) {
    return limited(new MetricLimit("queued_rows", Kind.GAUGE, Map.of(), 0, Per.NOTHING, bound));
  }

  private static Gates histogram(double quantile, Bounded bound) {
    return limited(
        new MetricLimit("queue_seconds", Kind.HISTOGRAM, Map.of(), quantile, Per.NOTHING, bound));
  }

  private static Gates limited(MetricLimit limit) {
    return new Gates(0, 0, Duration.ZERO, 0, 0, Tolerance.DEFAULT, List.of(limit));
  }

  private static MetricReading counted(double value) {
    return MetricReading.of(Kind.COUNTER, value);
  }

  private static MetricReading level(double value) {
    return MetricReading.of(Kind.GAUGE, value);
  }

  /** So many values of up to a second, and so many of one to two. */
  private static MetricReading values(long low, long high) {
    return MetricReading.of(
        new Distribution(new double[] {1, 2}, new long[] {low, high, 0}, low * 0.5 + high * 1.5));
  }

  /** Five seconds with a thousand requests and so much of a counter, evenly. */
  private Seen spread(double all) {
    for (int i = 1; i <= LOOKS; i++) {
      step.answers(1000 / LOOKS, 1).says(counted(all * i / LOOKS)).look();
    }
    return step.look();
  }

  @Test
  void aCounterIsHeldToSoMuchARequestBeyondChance() {
    assertThat(counter(Per.REQUEST, new Max(0.01)).judge(spread(40)).reason())
        .isEqualTo("rejections_total{reason=x} per request 0.04 (expected at most 0.01)");
  }

  @Test
  void whatChanceExplainsIsNoReason() {
    Seen seen = spread(12);

    assertThat(counter(Per.REQUEST, new Max(0.01)).judge(seen)).isEqualTo(Verdict.KEPT);
    assertThat(counter(Per.SECOND, new Max(2)).judge(seen)).isEqualTo(Verdict.KEPT);
  }

  @Test
  void aCounterIsHeldToSoMuchASecond() {
    assertThat(counter(Per.SECOND, new Max(100)).judge(spread(4000)).reason())
        .matches("rejections_total\\{reason=x} per second 7\\d.* \\(expected at most 100\\)");
  }

  @Test
  void aCounterThatLeapsInOneMomentIsNoReasonUnlessItIsNeverToCount() {
    spread(0);
    Seen leap = step.says(counted(500)).look();

    assertThat(counter(Per.REQUEST, new Max(0.01)).judge(leap)).isEqualTo(Verdict.KEPT);
    assertThat(counter(Per.REQUEST, new Max(0)).judge(leap).reason())
        .isEqualTo(
            "rejections_total{reason=x} per request: 500 in 5.2 s, of 1000 requests (expected none)");
  }

  @Test
  void aCounterIsComparedWithThatOfTheStableVersion() {
    step.stableAnswers(9000, 1).stableSays(counted(90));
    Seen seen = spread(80);

    assertThat(counter(Per.REQUEST, new RatioToStable(8)).judge(seen)).isEqualTo(Verdict.KEPT);
    assertThat(counter(Per.REQUEST, new RatioToStable(1.5)).judge(seen).reason())
        .isEqualTo(
            "rejections_total{reason=x} per request 0.08 against 0.01 of the version it replaces (expected at most 1.5 times)");
  }

  @Test
  void nothingIsComparedWithAFewRequests() {
    step.stableAnswers(50, 1).stableSays(counted(0));

    assertThat(counter(Per.REQUEST, new RatioToStable(1.5)).judge(spread(500)))
        .isEqualTo(Verdict.KEPT);
  }

  @Test
  void aGaugeIsHeldToAnAverageAndNotToAPeak() {
    step.says(level(10)).rest(40);
    Seen peak = step.says(level(500)).rest(5);
    assertThat(gauge(new Max(20)).judge(peak)).isEqualTo(Verdict.KEPT);

    assertThat(gauge(new Max(20)).judge(step.rest(20)).reason())
        .matches("queued_rows \\d+.* \\(expected at most 20\\)");
  }

  @Test
  void aGaugeIsInDoubtUntilItHasLastedForMoreThanASecond() {
    Seen high = step.says(level(500)).rest(10);
    assertThat(gauge(new Max(20)).judge(high).state()).isEqualTo(State.IN_DOUBT);

    assertThat(gauge(new Max(20)).judge(step.look()).state()).isEqualTo(State.BROKEN);
  }

  @Test
  void aGaugeIsComparedWithThatOfTheStableVersion() {
    step.stableSays(level(10)).says(level(14)).rest(30);
    assertThat(gauge(new RatioToStable(1.5)).judge(step.look())).isEqualTo(Verdict.KEPT);

    assertThat(gauge(new RatioToStable(1.3)).judge(step.look()).reason())
        .isEqualTo(
            "queued_rows 14 against 10 of the version it replaces (expected at most 1.3 times)");
  }

  /** So many values of a histogram, evenly over five seconds. */
  private Seen spread(long low, long high) {
    for (int i = 1; i <= LOOKS; i++) {
      step.says(values(low * i / LOOKS, high * i / LOOKS)).look();
    }
    return step.look();
  }

  @Test
  void aQuantileOfAHistogramIsHeldToAValueBeyondChance() {
    Seen seen = spread(500, 500);

    assertThat(histogram(0.45, new Max(1)).judge(seen)).isEqualTo(Verdict.KEPT);
    assertThat(histogram(0.9, new Max(1)).judge(seen).reason())
        .isEqualTo("queue_seconds quantile 0.9 1.8 (expected at most 1)");
  }

  @Test
  void aQuantileOfAHistogramIsComparedWithThatOfTheStableVersion() {
    step.stableSays(values(1000, 0));
    Seen seen = spread(500, 500);

    assertThat(histogram(0.9, new RatioToStable(2.1)).judge(seen)).isEqualTo(Verdict.KEPT);
    assertThat(histogram(0.9, new RatioToStable(1.5)).judge(seen).reason())
        .isEqualTo(
            "queue_seconds quantile 0.9 1.8 against 0.9 of the version it replaces (expected at most 1.5 times)");
  }

  @Test
  void theMeanOfAHistogramIsHeldToAValue() {
    Seen seen = spread(500, 500);

    assertThat(histogram(0, new Max(1.1)).judge(seen)).isEqualTo(Verdict.KEPT);
    assertThat(histogram(0, new Max(0.9)).judge(seen).reason())
        .isEqualTo("queue_seconds mean 1 (expected at most 0.9)");
  }
}
