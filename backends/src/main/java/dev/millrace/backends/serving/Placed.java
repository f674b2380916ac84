// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.LoadedModel;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A model in memory, and where.
 *
 * @param devices that it runs on, one or more
 * @param note why it does not run where it was to; empty if it does
 * @param isBesideHung whether a thread that hangs may use the same files, from where it was to run
 */
record Placed(LoadedModel model, List<Device> devices, String note, boolean isBesideHung) {
  Placed {
    devices = List.copyOf(devices);
  }

  Placed(LoadedModel model, List<Device> devices, String note) {
    this(model, devices, note, false);
  }

  /** The same, in place of one that hangs. */
  Placed besideHung() {
    return new Placed(model, devices, note, true);
  }

  /** It will be closed as soon as its requests are answered: others may wait for its memory. */
  void leave() {
    if (model instanceof SpreadModel onGpus) {
      onGpus.leave();
    }
  }

  /** In words. */
  String describe() {
    String places = devices.stream().map(Device::toString).collect(Collectors.joining(", "));
    return "on " + places + (note.isEmpty() ? "" : " (" + note + ")");
  }
}
