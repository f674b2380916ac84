// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Versions of a small perceptron, [n,16] to [n,4], that can be told from each other by their
 * answers: those of version n lie around 10 × n.
 */
final class ChangeModels {
  static final String NAME = "changed";

  /** Between the answers of two versions. */
  static final float OFFSET = 10;

  private static final int INPUTS = 16;
  private static final int OUTPUTS = 4;
  private static final int WIDTH = 64;

  // a run of about 75 ms for one row or several, and a file of 4 MB: one that takes a core away
  // from the version beside it makes that slow as well, and has to be far slower still
  private static final int SLOW_WIDTH = 1024;
  private static final int SLOW_LAYERS = 400;

  private ChangeModels() {}

  /** A good version. */
  static Path write(Path folder, long version) throws IOException {
    return Files.write(folder.resolve(version + ".onnx"), model(version, WIDTH, 2));
  }

  /** A version that is right, and a hundred times slower. */
  static Path writeSlow(Path folder, long version) throws IOException {
    return Files.write(folder.resolve(version + ".onnx"), model(version, SLOW_WIDTH, SLOW_LAYERS));
  }

  /** Layers in the middle share their weights. */
  private static byte[] model(long version, int width, int layers) {
    OnnxGraphBuilder graph =
        OnnxGraphBuilder.named("changed_" + version)
            .input("x", DataType.FP32, "n", INPUTS)
            .output("y", DataType.FP32, "n", OUTPUTS)
            .initializer("first", weights(1, INPUTS, width), INPUTS, width)
            .initializer("middle", weights(2, width, width), width, width)
            .initializer("last", weights(3, width, OUTPUTS), width, OUTPUTS)
            .initializer("offset", new float[] {OFFSET * version}, 1)
            .node("MatMul", List.of("x", "first"), List.of("h1"));
    for (int layer = 1; layer < layers; layer++) {
      graph
          .node("MatMul", List.of("h" + layer, "middle"), List.of("m" + layer))
          .node("Relu", List.of("m" + layer), List.of("h" + (layer + 1)));
    }
    return graph
        .node("MatMul", List.of("h" + layers, "last"), List.of("z"))
        .node("Add", List.of("z", "offset"), List.of("y"))
        .build();
  }

  /** So small that what comes out is not larger than what goes in. */
  private static float[] weights(int seed, int rows, int columns) {
    float[] values = OnnxModels.randomFloats(seed, rows * columns);
    for (int i = 0; i < values.length; i++) {
      values[i] /= (float) Math.sqrt(rows);
    }
    return values;
  }
}
