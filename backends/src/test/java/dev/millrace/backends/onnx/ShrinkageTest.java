// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class ShrinkageTest {
  private final Shrinkage shrinkage = new Shrinkage();

  /** Which of so many runs of a size give back, counted from 1. */
  private int[] givingBack(int runs, long bytes) {
    return IntStream.rangeClosed(1, runs).filter(i -> shrinkage.before(bytes)).toArray();
  }

  @Test
  void givesBackOnceThePeakIsLongOver() {
    assertThat(givingBack(10, 4_000)).isEmpty();

    assertThat(givingBack(3 * Shrinkage.SMALL_RUNS, 100)).containsExactly(Shrinkage.SMALL_RUNS);
  }

  @Test
  void keepsWhatLoadThatGoesUpAndDownNeeds() {
    for (int i = 0; i < 20; i++) {
      assertThat(givingBack(1, 4_000)).isEmpty();
      assertThat(givingBack(Shrinkage.SMALL_RUNS - 1, 100)).isEmpty();
    }
    assertThat(givingBack(1_000, 2_000)).isEmpty();
  }

  @Test
  void runsWithoutInputHaveNothingToGiveBack() {
    assertThat(givingBack(Shrinkage.SMALL_RUNS - 1, 0)).isEmpty();
  }

  /** On the processor's arena, which is one as any other; there is none of a GPU here. */
  @Test
  void theRuntimeTakesTheWishForOneRunAndForgetsIt() throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        OrtSession session = Ort.environment().createSession(ProbeGraph.bytes(), options);
        OrtSession.RunOptions run = new OrtSession.RunOptions();
        OnnxTensor input = OnnxTensor.createTensor(Ort.environment(), new float[] {1})) {
      Map<String, OnnxTensor> inputs = Map.of(ProbeGraph.INPUT, input);
      GpuArena processors = new GpuArena("cpu:0", run);
      processors.shrink(true);
      assertThatCode(() -> session.run(inputs, run).close()).doesNotThrowAnyException();
      processors.shrink(false);

      GpuArena missing = new GpuArena("gpu:0", run);
      missing.shrink(true);
      assertThatThrownBy(() -> session.run(inputs, run)).isInstanceOf(OrtException.class);
      missing.shrink(false);
      assertThatCode(() -> session.run(inputs, run).close()).doesNotThrowAnyException();
    }
  }
}
