// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The versions of a model in a repository, which replace each other. One thread at a time. */
final class Versions {
  private final Path model;
  private int written;

  /**
   * @param model folder of the model, named like it
   */
  Versions(Path model) {
    this.model = model;
  }

  /**
   * Adds a version, whose weights are those of all others, and removes the one before the last: the
   * last may still be serving.
   */
  synchronized void next() throws IOException {
    written++;
    // moved into its place: a repository is not to be seen half written
    Path parts = Files.createDirectories(model.resolve("next.tmp"));
    BenchmarkModels.writeTiny(parts);
    Files.move(parts.resolve(BenchmarkModels.TINY + ".onnx"), parts.resolve("model.onnx"));
    Files.move(parts, version(written), StandardCopyOption.ATOMIC_MOVE);
    Path old = version(written - 2);
    Files.deleteIfExists(old.resolve("model.onnx"));
    Files.deleteIfExists(old);
  }

  private Path version(int number) {
    return model.resolve(String.valueOf(number));
  }

  synchronized int written() {
    return written;
  }
}
