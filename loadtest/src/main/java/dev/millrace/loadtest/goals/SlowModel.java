// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model that can be flooded: 50 rows a second, and room for few to wait. */
final class SlowModel {
  static final String NAME = "slow";

  /** Of requests of one row that may wait. */
  static final int QUEUED_ROWS = 8;

  private SlowModel() {}

  static void write(Path repository) throws IOException {
    Path version = Files.createDirectories(repository.resolve(NAME).resolve("1"));
    // as a device that computes by itself: on the gateway's own core it would cost what the
    // rejections are to be measured by
    Files.writeString(
        version.resolve("model.echo"), "inputs = x FP32[-1,16]\ndelay_micros_per_batch = 20000\n");
    Files.writeString(
        repository.resolve(NAME).resolve("model.yaml"),
        "backend: echo\nmax_batch_size: 1\nmax_queued_rows: %d\n".formatted(QUEUED_ROWS));
  }
}
