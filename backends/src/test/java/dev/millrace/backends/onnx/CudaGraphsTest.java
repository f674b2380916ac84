// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which models' runs may be captured. That they are, and are right, takes a GPU: gpu-check. */
final class CudaGraphsTest {
  private static RunPlan plan(TensorSpec input, boolean fixed, long... output) {
    return new RunPlan(
        List.of(input),
        List.of(input.name()),
        List.of(new TensorSpec("y", DataType.FP32, -1, 10)),
        true,
        64,
        fixed,
        Set.of(),
        List.of(output.length == 0 ? RunPlan.PinnedShape.NONE : new RunPlan.PinnedShape(output)));
  }

  private static TensorSpec floats(long... shape) {
    return new TensorSpec("x", DataType.FP32, shape);
  }

  @Test
  void thoseOfFixedShapesMay() {
    assertThat(CudaGraphs.objection(plan(floats(-1, 784), true, -1, 10))).isEmpty();
  }

  @Test
  void othersAreToldWhy() {
    assertThat(CudaGraphs.objection(plan(floats(-1, -1), false, -1, 10)))
        .contains("shapes of its inputs vary");
    assertThat(CudaGraphs.objection(plan(floats(-1, 784), true)))
        .contains("the shape of output 'y' varies");
    assertThat(CudaGraphs.objection(plan(new TensorSpec("x", DataType.BYTES, -1, 1), true, -1, 10)))
        .contains("input 'x' has strings");
  }

  @Test
  void batchesThatAreLargerThanWhatAGpuShouldHoldTwiceAreNot() {
    assertThat(CudaGraphs.objection(plan(floats(-1, 3, 4000, 4000), true, -1, 10)))
        .contains("a batch of 64 rows has 12288002560 bytes (at most 1073741824)");
  }
}
