// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** What Linux says of a process in {@code /proc/PID/status}; nothing on other systems. */
public record ProcStatus(List<String> lines) {
  public ProcStatus {
    lines = List.copyOf(lines);
  }

  public static ProcStatus of(long pid) {
    return read(Path.of("/proc", String.valueOf(pid), "status"));
  }

  static ProcStatus ofThisProcess() {
    return read(Path.of("/proc/self/status"));
  }

  private static ProcStatus read(Path file) {
    try {
      return new ProcStatus(Files.readAllLines(file));
    } catch (IOException e) {
      return new ProcStatus(List.of());
    }
  }

  Optional<String> text(String key) {
    return lines.stream()
        .filter(line -> line.startsWith(key + ":"))
        .map(line -> line.substring(key.length() + 1).strip())
        .findFirst();
  }

  /** Resident memory; empty if the system does not say. */
  public OptionalLong residentBytes() {
    Optional<String> kibibytes = text("VmRSS").map(text -> text.replace(" kB", ""));
    return kibibytes.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(Long.parseLong(kibibytes.get().strip()) << 10);
  }
}
