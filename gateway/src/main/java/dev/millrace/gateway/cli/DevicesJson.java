// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import java.util.LinkedHashMap;
import java.util.Map;

/** Devices as JSON. */
final class DevicesJson {
  private DevicesJson() {}

  static Json of(EngineDevices devices) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("engine", new Json.Text(devices.engine()));
    members.put("build", new Json.Text(devices.build()));
    members.put(
        "devices", new Json.Items(devices.devices().stream().map(DevicesJson::of).toList()));
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
