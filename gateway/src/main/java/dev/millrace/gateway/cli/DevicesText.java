// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.model.Units;
import dev.millrace.backends.nvml.GpuReading;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Devices for people: what the engine can use, and what NVIDIA's driver knows. */
final class DevicesText {
  private DevicesText() {}

  static List<String> lines(
      EngineDevices devices, Optional<String> driverVersion, List<GpuReading> gpus) {
    List<String> lines = new ArrayList<>();
    lines.add("%s, from %s".formatted(devices.engine(), devices.build()));
    Table table = new Table("DEVICE", "PROVIDER", "USABLE", "");
    for (DeviceStatus status : devices.devices()) {
      table.add(
          status.device().map(Object::toString).orElseGet(() -> status.kind().toString()),
          status.provider(),
          status.isUsable() ? "yes" : "no",
          status.unusable().orElseGet(() -> detail(status, gpus)));
    }
    lines.addAll(table.lines());
    driverVersion.ifPresent(version -> lines.addAll(driver(version, gpus)));
    return lines;
  }

  private static String detail(DeviceStatus status, List<GpuReading> gpus) {
    return gpus.stream()
        .filter(gpu -> status.device().filter(gpu.device()::equals).isPresent())
        .map(GpuReading::name)
        .findFirst()
        .orElse(status.detail());
  }

  private static List<String> driver(String version, List<GpuReading> gpus) {
    List<String> lines = new ArrayList<>();
    lines.add("NVIDIA's driver %s sees".formatted(version));
    for (GpuReading gpu : gpus) {
      String memory =
          gpu.memoryTotalBytes().isPresent()
              ? ", %s, %s of it in use"
                  .formatted(
                      Units.roughly(gpu.memoryTotalBytes().getAsLong()),
                      Units.roughly(gpu.memoryUsedBytes().orElse(0)))
              : "";
      lines.add("  %s %s%s".formatted(gpu.device(), gpu.name(), memory));
    }
    if (gpus.isEmpty()) {
      lines.add("  no GPU");
    }
    return lines;
  }
}
