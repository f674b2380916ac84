// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import dev.millrace.backends.gate.MetricLimit.Kind;

/**
 * What a metric of a version says, since the version was loaded or since some later moment.
 *
 * @param value of a counter, how often it has happened; of a gauge, how much there is now; else 0
 * @param values of a histogram; else none
 */
public record MetricReading(Kind kind, double value, Distribution values) {

  /** Of a metric without samples. */
  public static MetricReading none(Kind kind) {
    return of(kind, 0);
  }

  /** Of a counter or a gauge. */
  public static MetricReading of(Kind kind, double value) {
    return new MetricReading(kind, value, Distribution.NONE);
  }

  /** Of a histogram. */
  public static MetricReading of(Distribution values) {
    return new MetricReading(Kind.HISTOGRAM, 0, values);
  }

  /** This and that of another version, or another sample: of two gauges the higher one. */
  public MetricReading plus(MetricReading other) {
    double both = kind == Kind.GAUGE ? Math.max(value, other.value) : value + other.value;
    return new MetricReading(kind, both, values.plus(other.values));
  }

  /** What has come since an earlier moment; a gauge says what there is. */
  MetricReading since(MetricReading earlier) {
    double more = kind == Kind.GAUGE ? value : value - earlier.value;
    return new MetricReading(kind, more, values.since(earlier.values));
  }
}
