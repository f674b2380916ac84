// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Which of a version's files is the model: exactly one of the two is there. */
record ModelFileChoice(Optional<Path> file, Optional<String> problem) {

  /**
   * Chooses.
   *
   * @param configuredName the file the configuration names; empty for none
   * @param defaultName the engine's default
   * @param isReadable whether we may read a file
   */
  static ModelFileChoice in(
      VersionFiles content,
      String configuredName,
      String defaultName,
      Predicate<FoundFile> isReadable) {
    String expected = configuredName.isEmpty() ? defaultName : configuredName;
    Optional<FoundFile> chosen =
        find(content, expected)
            // Triton's folder for a model with external data: model.onnx/model.onnx
            .or(() -> find(content, expected + "/" + expected))
            .or(() -> find(content, expected + "/" + defaultName));
    if (chosen.isEmpty() && configuredName.isEmpty()) {
      List<FoundFile> candidates = candidates(content, extension(defaultName));
      if (candidates.size() > 1) {
        return failed(
            expected
                + " is missing, and there is more than one file it could be: "
                + String.join(", ", candidates.stream().map(FoundFile::name).toList()));
      }
      chosen = candidates.stream().findFirst();
    }
    return chosen
        .map(file -> check(file, isReadable))
        .orElseGet(() -> failed(expected + " is missing" + instead(content)));
  }

  private static ModelFileChoice check(FoundFile file, Predicate<FoundFile> isReadable) {
    if (file.size() == 0) {
      return failed(file.relativeName() + ": 0 bytes (expected a model)");
    }
    if (!isReadable.test(file)) {
      return failed(file.relativeName() + ": no permission to read it");
    }
    return new ModelFileChoice(Optional.of(file.path()), Optional.empty());
  }

  private static Optional<FoundFile> find(VersionFiles content, String relativeName) {
    return content.files().stream()
        .filter(file -> file.relativeName().equals(relativeName))
        .findFirst();
  }

  private static List<FoundFile> candidates(VersionFiles content, String extension) {
    return content.files().stream()
        .filter(file -> !file.relativeName().contains("/"))
        .filter(file -> !extension.isEmpty() && file.relativeName().endsWith(extension))
        .toList();
  }

  private static String instead(VersionFiles content) {
    return content.files().isEmpty()
        ? " (the folder is empty)"
        : " (there is "
            + String.join(
                ", ", content.files().stream().limit(5).map(FoundFile::relativeName).toList())
            + ")";
  }

  private static String extension(String fileName) {
    int dot = fileName.lastIndexOf('.');
    return dot < 0 ? "" : fileName.substring(dot);
  }

  private static ModelFileChoice failed(String problem) {
    return new ModelFileChoice(Optional.empty(), Optional.of(problem));
  }
}
