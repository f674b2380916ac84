// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest;

import dev.millrace.backends.onnx.OnnxModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes the models that are measured: {@code BenchmarkModels DIRECTORY}. Weights are random. */
public final class BenchmarkModels {
  private BenchmarkModels() {}

  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[0]);
    Files.createDirectories(directory);
    Files.write(directory.resolve("tiny_mlp.onnx"), OnnxModels.mlp(16, 64, 64, 4));
    Files.write(directory.resolve("large_mlp.onnx"), OnnxModels.mlp(784, 2048, 2048, 2048, 10));
  }
}
