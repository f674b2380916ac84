// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.gate.Distribution;
import dev.millrace.backends.gate.MetricLimit;
import dev.millrace.backends.gate.MetricReading;
import dev.millrace.backends.gate.MetricSource;
import dev.millrace.backends.serving.Histogram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reads the metrics that gates limit, without a metrics library in between. */
public final class LimitReader implements MetricSource {
  private final VersionMetrics versions;

  public LimitReader(VersionMetrics versions) {
    this.versions = versions;
  }

  @Override
  public List<MetricReading> read(String model, long version, List<MetricLimit> limits) {
    if (limits.isEmpty()) {
      return List.of();
    }
    Readings readings = new Readings(limits);
    versions.write(model, version, readings);
    return readings.all;
  }

  /** What is limited, of one version. */
  private static final class Readings implements Sink {
    private final List<MetricLimit> limits;
    private final List<MetricReading> all = new ArrayList<>();

    Readings(List<MetricLimit> limits) {
      this.limits = limits;
      limits.forEach(limit -> all.add(MetricReading.none(limit.kind())));
    }

    @Override
    public void add(Metric metric, List<String> labels, double value) {
      double number = value > 0 ? value : 0; // what is not known yet is no number
      add(metric, labels, MetricReading.of(metric.kind(), number));
    }

    @Override
    public void add(Metric metric, List<String> labels, Histogram.Snapshot fine, double unit) {
      double[] bounds = Arrays.stream(fine.upperBounds()).mapToDouble(b -> b / unit).toArray();
      Distribution values = new Distribution(bounds, fine.counts(), fine.sum() / unit);
      add(metric, labels, MetricReading.of(values));
    }

    private void add(Metric metric, List<String> labels, MetricReading reading) {
      for (int i = 0; i < limits.size(); i++) {
        if (limits.get(i).metric().equals(metric.exportedName())
            && isMeant(limits.get(i), metric, labels)) {
          all.set(i, all.get(i).plus(reading));
        }
      }
    }

    private static boolean isMeant(MetricLimit limit, Metric metric, List<String> labels) {
      List<String> names = metric.labels();
      for (int i = 0; i < names.size(); i++) {
        String value = labels.get(i);
        if (!limit.labels().getOrDefault(names.get(i), value).equals(value)) {
          return false;
        }
      }
      return true;
    }
  }
}
