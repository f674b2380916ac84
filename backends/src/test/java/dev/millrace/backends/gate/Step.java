// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import dev.millrace.backends.shadow.Comparisons;
import java.util.List;
import java.util.stream.IntStream;

/** A step of a rollout, by hand: requests of two versions, a look every tenth of a second. */
public final class Step {
  private static final long LOOK_NANOS = 100_000_000;
  private static final double FIRST_BOUND_NANOS = 50_000;

  // as those of a served version: classes of 10 to 20 %
  private static final double[] BOUNDS =
      IntStream.range(0, 100).mapToDouble(i -> FIRST_BOUND_NANOS * Math.pow(1.15, i)).toArray();

  private final Moments moments = new Moments(0);
  private final Moments stableMoments = new Moments(0);
  private final Version candidate = new Version();
  private final Version stable = new Version();
  private final Version before = new Version();
  private Comparisons copies = Comparisons.NONE;
  private long nanos;

  /** What a version has done so far. */
  static final class Version {
    private final long[] counts = new long[BOUNDS.length + 1];
    private long requests;
    private long failed;
    private double sum;
    private List<MetricReading> metrics = List.of();

    void answer(double millis) {
      double time = millis * 1e6;
      int index = 0;
      if (time > FIRST_BOUND_NANOS) {
        index = (int) Math.ceil(Math.log(time / FIRST_BOUND_NANOS) / Math.log(1.15));
      }
      counts[Math.min(index, BOUNDS.length)]++;
      requests++;
      sum += time;
    }

    private Measured measured(Comparisons copies) {
      return new Measured(
          requests, failed, new Distribution(BOUNDS, counts.clone(), sum), copies, metrics);
    }
  }

  Version candidate() {
    return candidate;
  }

  Version stable() {
    return stable;
  }

  /** The stable version's, before the rollout. */
  Version before() {
    return before;
  }

  /** The candidate answers so many, each in so many milliseconds. */
  public Step answers(int count, double millis) {
    return answers(candidate, count, millis);
  }

  public Step fails(int count) {
    candidate.failed += count;
    return this;
  }

  public Step runs(Comparisons all) {
    copies = all;
    return this;
  }

  /** What the metrics of the candidate say, in all. */
  Step says(MetricReading... metrics) {
    candidate.metrics = List.of(metrics);
    return this;
  }

  Step stableSays(MetricReading... metrics) {
    stable.metrics = List.of(metrics);
    return this;
  }

  public Step stableAnswers(int count, double millis) {
    return answers(stable, count, millis);
  }

  public Step answeredBefore(int count, double millis) {
    return answers(before, count, millis);
  }

  private Step answers(Version version, int count, double millis) {
    for (int i = 0; i < count; i++) {
      version.answer(millis);
    }
    return this;
  }

  /** The time between two looks passes. */
  public Seen look() {
    nanos += LOOK_NANOS;
    return glance();
  }

  /** Too soon after the last look for gates to judge anew. */
  public Seen glance() {
    moments.add(nanos, candidate.measured(copies));
    stableMoments.add(nanos, stable.measured(Comparisons.NONE));
    return new Seen(moments, stableMoments, before.measured(Comparisons.NONE));
  }

  /** Nothing comes for so many looks. */
  public Seen rest(int looks) {
    for (int i = 1; i < looks; i++) {
      look();
    }
    return look();
  }
}
