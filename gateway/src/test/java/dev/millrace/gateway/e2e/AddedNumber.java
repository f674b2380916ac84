// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.ModelInferResponse;
import java.util.List;

/**
 * Models whose answers say which of them has answered: {@code y = x + n}, x and y FP32 [-1,4],
 * where n is the number of the version.
 */
final class AddedNumber {
  private static final int WIDTH = 1024;
  private static final int LAYERS = 100;

  private AddedNumber() {}

  static byte[] model(long version) {
    return OnnxGraphBuilder.named("added_number")
        .input("x", DataType.FP32, "n", 4)
        .output("y", DataType.FP32, "n", 4)
        .initializer("number", new float[] {version}, 1)
        .node("Add", List.of("x", "number"), List.of("y"))
        .build();
  }

  /** The same, after some ten milliseconds of multiplying by zero. */
  static byte[] slowModel(long version) {
    OnnxGraphBuilder graph =
        OnnxGraphBuilder.named("slowly_added_number")
            .input("x", DataType.FP32, "n", 4)
            .output("y", DataType.FP32, "n", 4)
            .initializer("number", new float[] {version}, 1)
            .initializer("in", new float[4 * WIDTH], 4, WIDTH)
            .initializer("zeros", new float[WIDTH * WIDTH], WIDTH, WIDTH)
            .initializer("out", new float[WIDTH * 4], WIDTH, 4)
            .node("MatMul", List.of("x", "in"), List.of("h0"));
    for (int i = 0; i < LAYERS; i++) {
      graph.node("MatMul", List.of("h" + i, "zeros"), List.of("h" + (i + 1)));
    }
    return graph
        .node("MatMul", List.of("h" + LAYERS, "out"), List.of("nothing"))
        .node("Add", List.of("x", "nothing"), List.of("same"))
        .node("Add", List.of("same", "number"), List.of("y"))
        .build();
  }

  /**
   * The version that has answered to {@code Tensor.rows(1, 1)}, which has to be the one it says.
   */
  static long answering(ModelInferResponse response) {
    float[] values = Tensor.of(response).getFirst().floatValues();
    float number = values[0] - 1;
    assertThat(values)
        .as("version %s", response.getModelVersion())
        .containsExactly(number + 1, number + 2, number + 3, number + 4);
    assertThat(response.getModelVersion()).isEqualTo(Long.toString((long) number));
    return (long) number;
  }
}
