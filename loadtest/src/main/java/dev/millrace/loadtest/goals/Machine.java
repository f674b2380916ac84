// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.process.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** This machine and its software, in words. */
final class Machine {
  private Machine() {}

  static String words() {
    List<String> cpus = lines("/proc/cpuinfo");
    long cores = cpus.stream().filter(line -> line.startsWith("processor")).count();
    return "%s, %d cores, %s, %s %s"
        .formatted(
            value(cpus, "model name").orElse("processor " + System.getProperty("os.arch")),
            cores > 0 ? cores : Runtime.getRuntime().availableProcessors(),
            value(lines("/proc/meminfo"), "MemTotal").map(Machine::gibibytes).orElse("? GiB"),
            System.getProperty("os.name"),
            System.getProperty("os.version"));
  }

  static String software(Installation installation) {
    return "%s %s, ONNX Runtime %s, grpc-java %s, Netty %s"
        .formatted(
            System.getProperty("java.vendor.version"),
            System.getProperty("java.vm.name"),
            installation.version("onnxruntime").orElse("?"),
            installation.version("grpc-netty").orElse("?"),
            installation.version("netty-transport").orElse("?"));
  }

  private static String gibibytes(String kibibytes) {
    long number = Long.parseLong(kibibytes.replace(" kB", ""));
    return String.format(Locale.ROOT, "%.0f GiB", number / 1024.0 / 1024.0);
  }

  /** Of {@code key : value}, the first. */
  static Optional<String> value(List<String> lines, String key) {
    return lines.stream()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst();
  }

  private static List<String> lines(String file) {
    try {
      return Files.readAllLines(Path.of(file));
    } catch (IOException e) {
      // another system than Linux
      return List.of();
    }
  }
}
