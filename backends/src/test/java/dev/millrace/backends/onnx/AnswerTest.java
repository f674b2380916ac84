// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

final class AnswerTest {
  private static Answer answer(Answer.Rounding rounding, float... values) {
    ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    data.asFloatBuffer().put(values);
    return new Answer(
        new OutputTensor(DataType.FP32, new long[] {1, values.length}, data), rounding);
  }

  @Test
  void ofAProcessorDiffersWhereOneOfAGpuIsOnlyRounded() {
    assertThat(
            answer(Answer.Rounding.FINE, 1, 2).differenceTo(answer(Answer.Rounding.FINE, 1, 2.01f)))
        .contains("values differ (2.0 in one batch, 2.01 in another)");
    assertThat(
            answer(Answer.Rounding.COARSE, 1, 2)
                .differenceTo(answer(Answer.Rounding.COARSE, 1, 2.01f)))
        .isEmpty();
    assertThat(
            answer(Answer.Rounding.COARSE, 1, 2)
                .differenceTo(answer(Answer.Rounding.COARSE, 1.03f, 2), 0, 0))
        .contains("values differ (1.0 in one batch, 1.03 in another)");
  }

  @Test
  void ofAnotherShapeDiffers() {
    assertThat(answer(Answer.Rounding.FINE, 1).differenceTo(answer(Answer.Rounding.FINE, 1, 2)))
        .contains("shape [1,2], not [1,1]");
  }
}
