// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The files of a version that is pushed, by their names in the version. */
final class VersionContent {
  private static final String JSON = ".json";

  private VersionContent() {}

  /**
   * Finds them.
   *
   * @param model a model's file, or the folder of one with external data
   * @param samples requests for its warm-up
   */
  static Map<String, Path> of(Path model, List<Path> samples) throws IOException {
    Map<String, Path> files = new LinkedHashMap<>();
    if (Files.isDirectory(model)) {
      addFolder(model, files);
    } else {
      files.put("model.onnx", existing(model));
    }
    for (Path sample : samples) {
      addSample(sample, files);
    }
    return files;
  }

  private static void addFolder(Path folder, Map<String, Path> files) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      all.filter(Files::isRegularFile)
          .sorted()
          .forEach(file -> files.put(folder.relativize(file).toString().replace('\\', '/'), file));
    }
  }

  private static void addSample(Path sample, Map<String, Path> files) {
    String name = existing(sample).getFileName().toString();
    if (!name.endsWith(JSON)) {
      throw new InputException("--warmup %s (expected a file *%s)".formatted(sample, JSON));
    }
    if (files.put("warmup/" + name, sample) != null) {
      throw new InputException("--warmup %s: another one of that name".formatted(sample));
    }
  }

  private static Path existing(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new InputException(file + ": no such file");
    }
    return file;
  }
}
