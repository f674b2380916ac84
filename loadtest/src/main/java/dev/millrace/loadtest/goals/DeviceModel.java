// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A model as on a device that computes by itself: what its batches take is known, and does not take
 * the gateway's core away from it. A batch of 32 takes 21 ms, which makes 1,524 rows a second.
 */
final class DeviceModel {
  static final String NAME = "device";

  private static final int BATCH_MICROS = 5000;
  private static final int ROW_MICROS = 500;

  private DeviceModel() {}

  static void write(Path folder, String options) throws IOException {
    Path version = Files.createDirectories(folder.resolve("1"));
    Files.writeString(
        version.resolve("model.echo"),
        "inputs = x FP32[-1,16]\ndelay_micros_per_batch = %d\ndelay_micros_per_row = %d\n"
            .formatted(BATCH_MICROS, ROW_MICROS));
    Files.writeString(folder.resolve("model.yaml"), "backend: echo\n" + options);
  }
}
