// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.device;

import java.util.Optional;

/**
 * Whether an engine can run models on a device, by one of its providers.
 *
 * @param kind of device
 * @param device which one; empty where the provider is of no use and so finds none
 * @param provider the engine's own name for its code for such devices
 * @param isInBuild whether the engine has code for such devices at all
 * @param detail what is known of the device: its name, say; may be empty
 * @param unusable why not, if it cannot
 */
public record DeviceStatus(
    Device.Kind kind,
    Optional<Device> device,
    String provider,
    boolean isInBuild,
    String detail,
    Optional<String> unusable) {

  public static DeviceStatus usable(Device device, String provider, String detail) {
    return new DeviceStatus(
        device.kind(), Optional.of(device), provider, true, detail, Optional.empty());
  }

  /** One that no device was found with. */
  public static DeviceStatus unusable(Device.Kind kind, String provider, String reason) {
    return new DeviceStatus(kind, Optional.empty(), provider, true, "", Optional.of(reason));
  }

  /** One that the engine was built without. */
  public static DeviceStatus notInBuild(Device.Kind kind, String provider, String reason) {
    return new DeviceStatus(kind, Optional.empty(), provider, false, "", Optional.of(reason));
  }

  /** The same device, which cannot be used any more. */
  DeviceStatus unusableNow(String reason) {
    return new DeviceStatus(kind, device, provider, isInBuild, detail, Optional.of(reason));
  }

  public boolean isUsable() {
    return unusable.isEmpty();
  }
}
