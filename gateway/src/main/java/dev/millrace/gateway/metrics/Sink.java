// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.serving.Histogram;
import java.util.List;

/** Takes samples of metrics. */
interface Sink {

  /** A count; a double holds it exactly up to 2^53. */
  default void add(Metric metric, List<String> labels, long value) {
    add(metric, labels, (double) value);
  }

  void add(Metric metric, List<String> labels, double value);

  /** A histogram, its values divided by {@code unit}. */
  void add(Metric metric, List<String> labels, Histogram.Snapshot fine, double unit);
}
