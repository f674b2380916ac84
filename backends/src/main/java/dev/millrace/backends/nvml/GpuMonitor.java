// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.nvml;

import java.util.List;
import java.util.Optional;

/** Watches the GPUs of this machine. Any thread. */
public interface GpuMonitor extends AutoCloseable {

  /** Of a machine without any, or without a driver. */
  GpuMonitor NONE =
      new GpuMonitor() {
        @Override
        public Optional<String> driverVersion() {
          return Optional.empty();
        }

        @Override
        public List<GpuReading> read() {
          return List.of();
        }

        @Override
        public void close() {}
      };

  /** The driver's, if it tells. */
  Optional<String> driverVersion();

  /** How each is now, in the driver's order; one that does not answer is left out. */
  List<GpuReading> read();

  @Override
  void close();
}
