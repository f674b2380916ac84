// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.serving.Histogram;
import io.prometheus.client.Collector;
import io.prometheus.client.Collector.MetricFamilySamples;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Samples as Prometheus has them, by family. */
final class PrometheusSamples implements Sink {
  private final Map<Metric, List<MetricFamilySamples.Sample>> byMetric =
      new EnumMap<>(Metric.class);

  @Override
  public void add(Metric metric, List<String> labels, double value) {
    sample(metric, metric.exportedName(), metric.labels(), labels, value);
  }

  @Override
  public void add(Metric metric, List<String> labels, Histogram.Snapshot fine, double unit) {
    Histogram.Snapshot histogram = fine.coarse();
    List<String> names = Labels.with(metric.labels(), "le");
    long count = 0;
    for (int i = 0; i < histogram.counts().length; i++) {
      count += histogram.counts()[i];
      String bound =
          i < histogram.upperBounds().length
              ? Collector.doubleToGoString(histogram.upperBounds()[i] / unit)
              : "+Inf";
      sample(
          metric,
          metric.metricName() + "_bucket",
          names,
          Labels.with(labels, bound),
          (double) count);
    }
    sample(metric, metric.metricName() + "_count", metric.labels(), labels, (double) count);
    sample(metric, metric.metricName() + "_sum", metric.labels(), labels, histogram.sum() / unit);
  }

  private void sample(
      Metric metric, String name, List<String> labelNames, List<String> labels, double value) {
    byMetric
        .computeIfAbsent(metric, key -> new ArrayList<>())
        .add(new MetricFamilySamples.Sample(name, labelNames, labels, value));
  }

  List<MetricFamilySamples> families() {
    List<MetricFamilySamples> families = new ArrayList<>();
    byMetric.forEach(
        (metric, samples) ->
            families.add(
                new MetricFamilySamples(
                    metric.metricName(), metric.type(), metric.help(), samples)));
    return families;
  }
}
