// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a directory of natives was made of, kept in it: so that it is known again, and that somebody
 * else's folder is left alone.
 *
 * @param source the build's name
 * @param version of ONNX Runtime
 * @param files a line each, size and name
 */
record NativesRecord(String source, String version, List<String> files) {
  private static final String FILE = "millrace-natives.txt";

  NativesRecord {
    files = List.copyOf(files);
  }

  /** Of a directory as it is now. */
  static NativesRecord of(NativesRecord head, Path directory) throws IOException {
    return new NativesRecord(head.source, head.version, filesOf(directory));
  }

  private static List<String> filesOf(Path directory) throws IOException {
    List<String> lines = new ArrayList<>();
    try (Stream<Path> entries = Files.list(directory)) {
      for (Path entry : entries.sorted().toList()) {
        String name = String.valueOf(entry.getFileName());
        if (!name.equals(FILE)) {
          lines.add(Files.size(entry) + " " + name);
        }
      }
    }
    return lines;
  }

  /** The record of a directory, if it has one. */
  static Optional<NativesRecord> read(Path directory) throws IOException {
    Path file = directory.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    List<String> lines = Files.readAllLines(file);
    List<String> words = lines.isEmpty() ? List.of() : List.of(lines.getFirst().split(" ", -1));
    return words.size() == 4
        ? Optional.of(new NativesRecord(words.get(2), words.get(3), lines.subList(1, lines.size())))
        : Optional.empty();
  }

  void write(Path directory) throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("millrace natives: %s %s".formatted(source, version));
    lines.addAll(files);
    Files.write(directory.resolve(FILE), lines);
  }

  /** Whether this is the build that is wanted, and all of it is in the directory. */
  boolean isWhole(NativesRecord wanted, Path directory) {
    try {
      return source.equals(wanted.source)
          && version.equals(wanted.version)
          && files.equals(filesOf(directory));
    } catch (IOException e) {
      return false; // a dangling link, say
    }
  }
}
