// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.gpucheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.loadtest.baseline.BareModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class GpuCheckTest {

  @Test
  @Timeout(120)
  void doesThePartOfTheProcessorAndSaysWhatItLeavesOut() {
    StringWriter text = new StringWriter();

    int status = Main.run(new PrintWriter(text), "--cpu", "--demo", "../deploy/demo/models");

    assertThat(text.toString())
        .contains("cpu CPU: yes")
        .contains("bert: served differs from the bare processor by")
        .contains("iris: served differs from the bare processor by")
        .contains("cnn: not compared with a GPU, there is none")
        .doesNotContain("WRONG")
        .contains("## resnet on one core")
        .containsPattern("\\| 32 \\| \\d+ \\| \\d+ \\| \\d+ \\| \\d+ \\|")
        .containsPattern("added latency of a row alone: -?\\d+ us")
        .contains("## Out of memory\n\nnot tried: there is no GPU")
        .contains("## Without its library\n\nnot tried: --natives was not given");
    assertThat(status).isZero();
  }

  @Test
  void theFirstRowsOfABatchHaveTheFirstRowsOfItsAnswers() {
    FirstRows two = new FirstRows(2, 3);

    BareModel.Input input =
        two.ofInputs(
                List.of(
                    new BareModel.Input(
                        "x", "FP32", new long[] {3, 1}, new byte[] {1, 2, 3, 4, 5, 6})))
            .getFirst();

    assertThat(input.shape()).containsExactly(2, 1);
    assertThat(input.content()).containsExactly(1, 2, 3, 4);
    assertThat(two.ofOutputs(List.of(new float[] {1, 2, 3}, new float[] {1, 2, 3, 4, 5, 6})))
        .containsExactly(new float[] {1, 2}, new float[] {1, 2, 3, 4});
  }

  @Test
  void differencesAreSharesOfTheLargestElement() throws IOException {
    List<float[]> expected = List.of(new float[] {10, 0, -20}, new float[] {1});

    assertThat(Differences.largest(expected, expected)).isZero();
    assertThat(Differences.largest(expected, List.of(new float[] {10, 1, -20}, new float[] {0.9f})))
        .isCloseTo(0.1, within(1e-6));
  }

  @Test
  void answersOfOtherSizesAndNoNumbersAreRefused() {
    List<float[]> expected = List.of(new float[] {1, 2});

    assertThatThrownBy(() -> Differences.largest(expected, List.of()))
        .hasMessage("0 outputs (expected 1)");
    assertThatThrownBy(() -> Differences.largest(expected, List.of(new float[1])))
        .hasMessage("1 elements (expected 2)");
    assertThatThrownBy(() -> Differences.largest(expected, List.of(new float[] {1, Float.NaN})))
        .hasMessage("element 1: NaN (expected a number)");
  }
}
