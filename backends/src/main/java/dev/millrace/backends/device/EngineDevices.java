// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.device;

import java.util.List;

/**
 * What an engine can run models on, on this machine.
 *
 * @param engine its name and version
 * @param build where its code comes from
 * @param devices the processor first
 */
public record EngineDevices(String engine, String build, List<DeviceStatus> devices) {
  public EngineDevices {
    devices = List.copyOf(devices);
  }
}
