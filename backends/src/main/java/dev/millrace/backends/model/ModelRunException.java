// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceFault;
import org.jspecify.annotations.Nullable;

/** An engine did not run a batch; the message is the engine's. */
public final class ModelRunException extends Exception {
  private static final long serialVersionUID = 1;

  private final Failure.Kind kind;
  private final DeviceFault fault;
  private final Device device;

  /** The engine failed. */
  public ModelRunException(String message, @Nullable Throwable cause) {
    this(Failure.Kind.ENGINE, DeviceFault.NONE, Device.CPU, message, cause);
  }

  private ModelRunException(
      Failure.Kind kind,
      DeviceFault fault,
      Device device,
      String message,
      @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.fault = fault;
    this.device = device;
  }

  /** The engine refuses the request: it is to blame, not the engine. */
  public static ModelRunException invalid(String message, @Nullable Throwable cause) {
    return new ModelRunException(
        Failure.Kind.INVALID, DeviceFault.NONE, Device.CPU, message, cause);
  }

  /**
   * The engine failed on a device; its text says whether the device is to blame. A processor is
   * never lost.
   */
  public static ModelRunException on(Device device, String message, @Nullable Throwable cause) {
    return switch (DeviceFault.of(message)) {
      case OUT_OF_MEMORY ->
          new ModelRunException(
              Failure.Kind.OVERLOADED,
              DeviceFault.OUT_OF_MEMORY,
              device,
              device + ": out of memory: " + message,
              cause);
      case DEVICE_LOST ->
          device.isGpu() ? lost(device, message, cause) : new ModelRunException(message, cause);
      case NONE -> new ModelRunException(message, cause);
    };
  }

  /** A GPU cannot be used any more. */
  public static ModelRunException lost(Device device, String message, @Nullable Throwable cause) {
    return new ModelRunException(
        Failure.Kind.NOT_READY,
        DeviceFault.DEVICE_LOST,
        device,
        device + ": lost: " + message,
        cause);
  }

  /** What the failure says of the device. */
  public DeviceFault fault() {
    return fault;
  }

  /** Where it happened, if it says something of the device. */
  public Device device() {
    return device;
  }

  /** ENGINE, INVALID if the request is to blame, or as it is with the device. */
  public Failure.Kind kind() {
    return kind;
  }
}
