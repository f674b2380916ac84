// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.nvml.GpuMonitor;
import dev.millrace.backends.nvml.GpuReading;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class GpuCollectorTest {
  private static final OptionalLong UNKNOWN = OptionalLong.empty();

  private record Fixed(List<GpuReading> read) implements GpuMonitor {
    @Override
    public Optional<String> driverVersion() {
      return Optional.empty();
    }

    @Override
    public void close() {}
  }

  private static String exposition(GpuMonitor monitor) throws IOException {
    CollectorRegistry registry = new CollectorRegistry();
    registry.register(new GpuCollector(monitor));
    StringWriter text = new StringWriter();
    TextFormat.writeOpenMetrics100(text, registry.metricFamilySamples());
    return text.toString();
  }

  @Test
  void eachGpuHasWhatItsDriverTells() throws IOException {
    GpuReading telling =
        new GpuReading(
            Device.gpu(0),
            "a",
            "",
            OptionalLong.of(37),
            OptionalLong.of(1L << 30),
            OptionalLong.of(2L << 30),
            OptionalLong.of(250_500),
            OptionalLong.of(61),
            OptionalLong.of(3),
            OptionalLong.of(2));
    GpuReading silent =
        new GpuReading(
            Device.gpu(1),
            "b",
            "",
            UNKNOWN,
            UNKNOWN,
            UNKNOWN,
            UNKNOWN,
            OptionalLong.of(40),
            UNKNOWN,
            UNKNOWN);

    assertThat(exposition(new Fixed(List.of(telling, silent))).lines())
        .contains(
            "millrace_gpu_utilization{device=\"gpu:0\"} 0.37",
            "millrace_gpu_memory_used_bytes{device=\"gpu:0\"} 1.073741824E9",
            "millrace_gpu_memory_bytes{device=\"gpu:0\"} 2.147483648E9",
            "millrace_gpu_power_watts{device=\"gpu:0\"} 250.5",
            "millrace_gpu_temperature_celsius{device=\"gpu:0\"} 61.0",
            "millrace_gpu_temperature_celsius{device=\"gpu:1\"} 40.0",
            "millrace_gpu_ecc_errors_total{device=\"gpu:0\"} 3.0",
            "millrace_gpu_xid_errors_total{device=\"gpu:0\"} 2.0")
        .noneMatch(line -> line.contains("utilization{device=\"gpu:1\"}"));
  }

  @Test
  void aMachineWithoutGpusHasNoSuchMetrics() throws IOException {
    assertThat(exposition(GpuMonitor.NONE)).isEqualTo("# EOF\n");
  }
}
