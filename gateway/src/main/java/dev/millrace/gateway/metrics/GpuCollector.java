// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.backends.nvml.GpuMonitor;
import dev.millrace.backends.nvml.GpuReading;
import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;

/** Reads, when Prometheus asks, how the GPUs are. A machine without any has no such metrics. */
public final class GpuCollector extends Collector {
  private static final double PERCENT = 0.01;
  private static final double MILLI = 0.001;

  private final GpuMonitor gpus;

  public GpuCollector(GpuMonitor gpus) {
    this.gpus = gpus;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    List<GpuReading> readings = gpus.read();
    List<MetricFamilySamples> families = new ArrayList<>();
    families.add(family(Metric.GPU_UTILIZATION, readings, GpuReading::utilizationPercent, PERCENT));
    families.add(family(Metric.GPU_MEMORY_USED_BYTES, readings, GpuReading::memoryUsedBytes, 1));
    families.add(family(Metric.GPU_MEMORY_BYTES, readings, GpuReading::memoryTotalBytes, 1));
    families.add(family(Metric.GPU_POWER_WATTS, readings, GpuReading::powerMilliwatts, MILLI));
    families.add(
        family(Metric.GPU_TEMPERATURE_CELSIUS, readings, GpuReading::temperatureCelsius, 1));
    families.add(family(Metric.GPU_ECC_ERRORS, readings, GpuReading::uncorrectedEccErrors, 1));
    families.add(family(Metric.GPU_XID_ERRORS, readings, GpuReading::xidErrors, 1));
    families.removeIf(family -> family.samples.isEmpty());
    return families;
  }

  private static MetricFamilySamples family(
      Metric metric,
      List<GpuReading> readings,
      Function<GpuReading, OptionalLong> value,
      double unit) {
    GaugeMetricFamily gauge =
        new GaugeMetricFamily(metric.metricName(), metric.help(), metric.labels());
    CounterMetricFamily counter =
        new CounterMetricFamily(metric.metricName(), metric.help(), metric.labels());
    for (GpuReading reading : readings) {
      List<String> labels = List.of(reading.device().toString());
      value
          .apply(reading)
          .ifPresent(
              number -> {
                gauge.addMetric(labels, number * unit);
                counter.addMetric(labels, number * unit);
              });
    }
    return metric.type() == Collector.Type.COUNTER ? counter : gauge;
  }
}
