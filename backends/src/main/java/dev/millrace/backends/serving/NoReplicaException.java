// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceFault;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelRunException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A GPU cannot have one more replica. Those that are there go on, unless it is lost. */
final class NoReplicaException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean endsWithRoom;
  private final DeviceFault fault;

  private NoReplicaException(
      String reason, boolean endsWithRoom, DeviceFault fault, @Nullable Throwable cause) {
    super(reason, cause);
    this.endsWithRoom = endsWithRoom;
    this.fault = fault;
  }

  /** So much memory is not left to be reserved. */
  static NoReplicaException noRoom(String reason) {
    return new NoReplicaException(reason, true, DeviceFault.OUT_OF_MEMORY, null);
  }

  /** What a failure says of a device; empty if it says nothing. */
  static Optional<NoReplicaException> on(Device device, Throwable failure) {
    return of(ModelRunException.on(device, String.valueOf(failure.getMessage()), failure));
  }

  /** What a failed warm-up says of a device; empty if it says nothing. */
  static Optional<NoReplicaException> of(ModelLoadException failure) {
    return failure.getCause() instanceof ModelRunException run ? of(run) : Optional.empty();
  }

  private static Optional<NoReplicaException> of(ModelRunException run) {
    return run.fault() != DeviceFault.NONE && run.device().isGpu()
        ? Optional.of(
            new NoReplicaException(String.valueOf(run.getMessage()), false, run.fault(), run))
        : Optional.empty();
  }

  /** Whether another try is worth it as soon as memory is released. */
  boolean endsWithRoom() {
    return endsWithRoom;
  }

  boolean isForWantOfMemory() {
    return fault == DeviceFault.OUT_OF_MEMORY;
  }

  /** Without a single replica a model is not loaded. */
  ModelLoadException asLoadFailure() {
    return new ModelLoadException(String.valueOf(getMessage()), getCause());
  }
}
