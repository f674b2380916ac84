// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.nvml;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The management library of a driver that is not there, compiled from a page of C. */
public final class FakeNvml {
  private static final Path SOURCE = Path.of("..", "backends", "src/test/c/nvml.c");

  private FakeNvml() {}

  /** Its file; empty if this machine has no C compiler. */
  static Optional<Path> compile(Path folder) throws IOException, InterruptedException {
    Path library = folder.resolve("libnvidia-ml.so.1");
    List<String> command =
        List.of("cc", "-shared", "-fPIC", "-o", library.toString(), SOURCE.toString());
    try {
      Process compiler = new ProcessBuilder(command).inheritIO().start();
      if (compiler.waitFor() != 0) {
        throw new IOException(command + " ended with " + compiler.exitValue());
      }
      return Optional.of(library);
    } catch (IOException e) {
      if (String.valueOf(e.getMessage()).startsWith("Cannot run program")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** What watches its GPUs; empty if this machine has no C compiler. */
  public static Optional<GpuMonitor> open(Path folder) throws IOException, InterruptedException {
    return compile(folder).map(library -> Nvml.open(library.toString()));
  }
}
