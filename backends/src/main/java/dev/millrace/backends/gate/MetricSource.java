// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import java.util.List;

/** Reads the metrics of versions that serve, as they are exported. */
public interface MetricSource {

  /** Knows none. */
  MetricSource NONE =
      (model, version, limits) ->
          limits.stream().map(limit -> MetricReading.none(limit.kind())).toList();

  /**
   * Reads those that are limited.
   *
   * @param model under the name that it is served with
   * @return a reading of the limit's kind for each, in order
   */
  List<MetricReading> read(String model, long version, List<MetricLimit> limits);
}
