// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.json.Json;
import dev.millrace.backends.nvml.GpuReading;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Devices as JSON. */
final class DevicesJson {
  private DevicesJson() {}

  static Json of(EngineDevices devices, Optional<String> driverVersion, List<GpuReading> gpus) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("engine", new Json.Text(devices.engine()));
    members.put("build", new Json.Text(devices.build()));
    members.put("devices", items(devices.devices().stream().map(DevicesJson::of)));
    driverVersion.ifPresent(version -> members.put("nvidia_driver", new Json.Text(version)));
    if (!gpus.isEmpty()) {
      members.put("nvidia_gpus", items(gpus.stream().map(DevicesJson::of)));
    }
    return new Json.Members(members);
  }

  private static Json items(Stream<Json> items) {
    return new Json.Items(items.toList());
  }

  private static Json of(GpuReading gpu) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("device", new Json.Text(gpu.device().toString()));
    members.put("name", new Json.Text(gpu.name()));
    members.put("uuid", new Json.Text(gpu.uuid()));
    gpu.memoryTotalBytes()
        .ifPresent(bytes -> members.put("memory_bytes", new Json.Num(Long.toString(bytes))));
    gpu.memoryUsedBytes()
        .ifPresent(bytes -> members.put("memory_used_bytes", new Json.Num(Long.toString(bytes))));
    return new Json.Members(members);
  }

  private static Json of(DeviceStatus status) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("kind", new Json.Text(status.kind().toString()));
    status.device().ifPresent(device -> members.put("device", new Json.Text(device.toString())));
    members.put("provider", new Json.Text(status.provider()));
    members.put("usable", new Json.Bool(status.isUsable()));
    if (!status.detail().isEmpty()) {
      members.put("detail", new Json.Text(status.detail()));
    }
    status.unusable().ifPresent(reason -> members.put("reason", new Json.Text(reason)));
    return new Json.Members(members);
  }
}
