// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Loads models that a test made. */
final class Loading {
  private Loading() {}

  static ModelArtifact write(Path folder, byte[] model) {
    try {
      Path file = folder.resolve("model.onnx");
      Files.write(file, model);
      return new ModelArtifact("test", 1, file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static LoadedModel load(Path folder, byte[] model) throws ModelLoadException {
    return load(folder, model, ModelOptions.DEFAULT);
  }

  static LoadedModel load(Path folder, byte[] model, ModelOptions options)
      throws ModelLoadException {
    return new OnnxBackend().load(write(folder, model), options);
  }
}
