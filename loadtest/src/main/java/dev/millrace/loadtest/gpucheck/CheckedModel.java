// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.gpucheck;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A model that is looked at.
 *
 * @param length of open axes other than the first; 1 where there are none
 * @param isMeasured whether its speed is of interest as well
 */
record CheckedModel(String name, Path file, int length, boolean isMeasured) {
  private static final int TOKENS = 128;
  private static final int FEW_TOKENS = 8;

  /** Where it is in a repository. */
  private static final Path FILE = Path.of("1", "model.onnx");

  /** Writes the models that are measured: large ones, or such as a processor has done soon. */
  static List<CheckedModel> write(Path folder, boolean isQuick) throws IOException {
    List<CheckedModel> models = new ArrayList<>();
    models.add(put(folder, "cnn", BenchmarkModels.convolution(), 1));
    models.add(
        put(
            folder,
            "resnet",
            isQuick ? BenchmarkModels.smallResidual() : BenchmarkModels.residual(),
            1));
    models.add(
        put(
            folder,
            "bert",
            isQuick ? BenchmarkModels.text() : BenchmarkModels.longText(),
            isQuick ? FEW_TOKENS : TOKENS));
    return models;
  }

  /** Writes the other models that this project measures with: their answers are compared. */
  static List<CheckedModel> writeOthers(Path folder) throws IOException {
    List<CheckedModel> models = new ArrayList<>();
    models.add(compared(put(folder, "tiny", BenchmarkModels.tiny(), 1)));
    models.add(compared(put(folder, "wide", BenchmarkModels.wide(), 1)));
    models.add(compared(put(folder, "image", BenchmarkModels.image(), 1)));
    models.add(compared(put(folder, "text", BenchmarkModels.text(), FEW_TOKENS)));
    models.add(compared(put(folder, "short-text", BenchmarkModels.shortText(), FEW_TOKENS)));
    return models;
  }

  private static CheckedModel compared(CheckedModel model) {
    return new CheckedModel(model.name, model.file, model.length, false);
  }

  private static CheckedModel put(Path folder, String name, byte[] model, int length)
      throws IOException {
    Path file = folder.resolve(name + ".onnx");
    Files.write(file, model);
    return new CheckedModel(name, file, length, true);
  }

  /** The models of a repository, by their first versions. */
  static List<CheckedModel> of(Path repository) throws IOException {
    try (Stream<Path> folders = Files.list(repository)) {
      return folders
          .filter(folder -> Files.isRegularFile(folder.resolve(FILE)))
          .sorted()
          .map(
              folder ->
                  new CheckedModel(
                      String.valueOf(folder.getFileName()), folder.resolve(FILE), 1, false))
          .toList();
    }
  }

  /**
   * Makes a repository of models.
   *
   * @param settings of each, lines of model.yaml
   */
  static Path repository(Path folder, List<CheckedModel> models, List<String> settings) {
    try {
      for (CheckedModel model : models) {
        Path link = folder.resolve(model.name()).resolve(FILE);
        Files.createDirectories(link.getParent());
        Files.copy(model.file(), link);
        Files.write(folder.resolve(model.name()).resolve("model.yaml"), settings);
      }
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
