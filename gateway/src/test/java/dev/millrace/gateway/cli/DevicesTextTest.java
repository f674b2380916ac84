// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.json.JsonText;
import dev.millrace.backends.nvml.GpuReading;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class DevicesTextTest {
  private static final OptionalLong UNKNOWN = OptionalLong.empty();

  private static final EngineDevices DEVICES =
      new EngineDevices(
          "ONNX Runtime 1.2.3",
          "/natives",
          List.of(
              DeviceStatus.usable(Device.CPU, "CPU", "AMD EPYC, 2 cores"),
              DeviceStatus.usable(Device.gpu(0), "CUDA", ""),
              DeviceStatus.unusable(
                  Device.Kind.GPU, "TensorRT", "missing library: libnvinfer.so.10")));

  private static final GpuReading GPU =
      new GpuReading(
          Device.gpu(0),
          "Test GPU",
          "GPU-1",
          UNKNOWN,
          OptionalLong.of(1L << 30),
          OptionalLong.of(80L << 30),
          UNKNOWN,
          UNKNOWN,
          UNKNOWN,
          UNKNOWN);

  @Test
  void aDeviceIsALineWithItsNameOrTheReason() {
    assertThat(DevicesText.lines(DEVICES, Optional.of("580.65"), List.of(GPU)))
        .containsExactly(
            "ONNX Runtime 1.2.3, from /natives",
            "DEVICE  PROVIDER  USABLE",
            "cpu     CPU       yes     AMD EPYC, 2 cores",
            "gpu:0   CUDA      yes     Test GPU",
            "gpu     TensorRT  no      missing library: libnvinfer.so.10",
            "NVIDIA's driver 580.65 sees",
            "  gpu:0 Test GPU, 80.0 GiB, 1.0 GiB of it in use");
  }

  @Test
  void jsonHasTheSame() {
    assertThat(JsonText.write(DevicesJson.of(DEVICES, Optional.of("580.65"), List.of(GPU))))
        .contains(
            "{\"kind\":\"gpu\",\"device\":\"gpu:0\",\"provider\":\"CUDA\",\"usable\":true}",
            "\"usable\":false,\"reason\":\"missing library: libnvinfer.so.10\"",
            "\"nvidia_driver\":\"580.65\"",
            "\"name\":\"Test GPU\"");
    assertThat(JsonText.write(DevicesJson.of(DEVICES, Optional.empty(), List.of())))
        .doesNotContain("nvidia");
  }
}
