// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.device.Processor;
import java.util.List;

/** An engine that runs models. Found by {@link java.util.ServiceLoader}. */
public interface Backend {

  /** The name by which a model's configuration asks for it, such as {@code onnxruntime}. */
  String name();

  /** The protocol's name for engine and format, such as {@code onnxruntime_onnx}. */
  String platform();

  /** The model's file inside its version folder where the configuration names none. */
  String defaultFileName();

  /**
   * What it can run models on, on this machine, and why not on the rest. May take seconds: devices
   * are tried out.
   */
  default EngineDevices devices() {
    String processor = Processor.ofThisMachine().toString();
    return new EngineDevices(
        name(), "Java", List.of(DeviceStatus.usable(Device.CPU, name(), processor)));
  }

  /**
   * Loads a model and finds out what it is. Slow, and never called on a serving thread.
   *
   * @throws ModelLoadException if it cannot be served; the message says why and what would help
   */
  LoadedModel load(ModelArtifact artifact, ModelOptions options) throws ModelLoadException;

  /**
   * The same on a device, one of {@link #devices}; without one it is the processor.
   *
   * @throws ModelLoadException likewise, or if the device is none that it can use
   */
  default LoadedModel load(ModelArtifact artifact, ModelOptions options, Device device)
      throws ModelLoadException {
    if (device.isGpu()) {
      throw new ModelLoadException("%s: %s runs on processors only".formatted(device, name()));
    }
    return load(artifact, options);
  }
}
