// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The processor of this machine.
 *
 * @param model its maker's name for it
 * @param cores that this process may use
 */
public record Processor(String model, int cores) {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  /** The one that this process runs on. */
  public static Processor ofThisMachine() {
    return new Processor(readModel(), Runtime.getRuntime().availableProcessors());
  }

  private static String readModel() {
    try (Stream<String> lines = Files.lines(CPU_INFO)) {
      return modelIn(lines);
    } catch (IOException e) {
      return System.getProperty("os.arch", "unknown"); // no Linux
    }
  }

  /** ARM's kernels name no model. */
  static String modelIn(Stream<String> lines) {
    return lines
        .filter(line -> line.startsWith("model name"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElseGet(() -> System.getProperty("os.arch", "unknown"));
  }

  @Override
  public String toString() {
    return "%s, %d %s".formatted(model, cores, cores == 1 ? "core" : "cores");
  }
}
