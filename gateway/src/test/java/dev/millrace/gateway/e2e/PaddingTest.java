// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.onnx.OnnxGraphBuilder.Attribute;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.ModelInferResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Rows of many lengths, of a model that says how they may be made longer. */
@Timeout(60)
@ExtendWith(NettyLeaks.class)
final class PaddingTest {
  private static final int REQUESTS = 300;
  private static final int LONGEST = 20;

  @Test
  void answersAreAsLongAsTheirRequestsWhateverTheyRanWith(@TempDir Path folder) throws Exception {
    try (TestGateway gateway =
        TestGateway.over(folder)
            .model("squares", squares())
            .file(
                "squares/model.yaml",
                """
                padding:
                  sizes: [4, 8, 16]
                  inputs:
                    x: {axis: 1, value: 0}
                  outputs:
                    y: {axis: 1}
                """)
            .start()) {
      List<Tensor> sent = new ArrayList<>();
      List<ListenableFuture<ModelInferResponse>> answers = new ArrayList<>();
      for (int i = 0; i < REQUESTS; i++) {
        Tensor x = rows(i % 4, i % (LONGEST + 1), i);
        sent.add(x);
        answers.add(gateway.futureStub().modelInfer(Tensor.request("squares", x).build()));
      }

      for (int i = 0; i < REQUESTS; i++) {
        List<Tensor> outputs = Tensor.of(answers.get(i).get());
        Tensor x = sent.get(i);
        assertThat(outputs.get(0).shape()).as("request %d", i).isEqualTo(x.shape());
        assertThat(outputs.get(0).floatValues()).containsExactly(squared(x.floatValues()));
        assertThat(outputs.get(1).shape()).containsExactly(x.shape().get(0), 1L);
      }
      gateway.awaitIdle();
    }
  }

  private static Tensor rows(int rows, int length, int first) {
    float[] values = new float[rows * length];
    for (int i = 0; i < values.length; i++) {
      values[i] = first + i;
    }
    return Tensor.floats("x", values, rows, length);
  }

  private static float[] squared(float[] values) {
    float[] squares = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      squares[i] = values[i] * values[i];
    }
    return squares;
  }

  /** y = x², as long as x, and s = the sum of that. */
  private static byte[] squares() {
    return OnnxGraphBuilder.named("squares")
        .input("x", DataType.FP32, "n", "t")
        .output("y", DataType.FP32, "n", "t")
        .output("s", DataType.FP32, "n", 1)
        .node("Mul", List.of("x", "x"), List.of("y"))
        .node("ReduceSumSquare", List.of("x"), List.of("s"), Attribute.ints("axes", 1))
        .opset(17)
        .build();
  }
}
