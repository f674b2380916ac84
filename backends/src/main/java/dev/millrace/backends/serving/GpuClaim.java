// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;

/**
 * Memory of a GPU that is reserved for one version of a model. Told apart by identity. Any thread.
 */
final class GpuClaim {
  private final Device gpu;
  private final String model;
  private final long bytes;
  private volatile boolean leaving;

  GpuClaim(Device gpu, String model, long bytes) {
    this.gpu = gpu;
    this.model = model;
    this.bytes = bytes;
  }

  Device gpu() {
    return gpu;
  }

  /** The name that it is served under. */
  String model() {
    return model;
  }

  long bytes() {
    return bytes;
  }

  /** It is unloaded now, which takes as long as its requests do. */
  void leave() {
    leaving = true;
  }

  boolean isLeaving() {
    return leaving;
  }
}
