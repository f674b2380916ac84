// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import dev.millrace.backends.shadow.Comparisons;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;

/**
 * What was measured of a version, or of several together, since some moment.
 *
 * @param requests answered
 * @param failed not answered, and not for what their callers got wrong
 * @param times from a request's arrival until its answer was ready, nanoseconds
 * @param copies that it has run
 * @param metrics that are limited, in the order of the limits; none before anything was measured
 */
public record Measured(
    long requests,
    long failed,
    Distribution times,
    Comparisons copies,
    List<MetricReading> metrics) {
  public static final Measured NOTHING = copiesOnly(Comparisons.NONE);

  public Measured {
    metrics = List.copyOf(metrics);
  }

  /** Of a version without traffic. */
  public static Measured copiesOnly(Comparisons copies) {
    return new Measured(0, 0, Distribution.NONE, copies, List.of());
  }

  /** Answered or failed. */
  long attempts() {
    return requests + failed;
  }

  /** What a counter has counted, or a gauge says. */
  double value(int metric) {
    return metric < metrics.size() ? metrics.get(metric).value() : 0;
  }

  /** The values of a histogram. */
  Distribution values(int metric) {
    return metric < metrics.size() ? metrics.get(metric).values() : Distribution.NONE;
  }

  /** These and those of another version. */
  public Measured plus(Measured other) {
    return new Measured(
        requests + other.requests,
        failed + other.failed,
        times.plus(other.times),
        copies.plus(other.copies),
        combined(other, MetricReading::plus));
  }

  /** What has come since an earlier moment. */
  public Measured since(Measured earlier) {
    return new Measured(
        requests - earlier.requests,
        failed - earlier.failed,
        times.since(earlier.times),
        copies.since(earlier.copies),
        combined(earlier, MetricReading::since));
  }

  private List<MetricReading> combined(Measured other, BinaryOperator<MetricReading> how) {
    if (metrics.isEmpty() || other.metrics.isEmpty()) {
      return metrics.isEmpty() ? other.metrics : metrics;
    }
    List<MetricReading> combined = new ArrayList<>();
    for (int i = 0; i < metrics.size(); i++) {
      combined.add(how.apply(metrics.get(i), other.metrics.get(i)));
    }
    return combined;
  }
}
