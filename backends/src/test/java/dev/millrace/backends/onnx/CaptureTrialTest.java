// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Graphs, here a fake runner's answers, against a run of few rows. */
final class CaptureTrialTest {
  private static final int[] SIZES = {1, 2, 3, 4, 6, 8, 12};

  /** Answers {@code y = 10 x}, but for one row of one size. */
  private static final class Graphs implements Runner {
    private final List<Integer> sizes = new ArrayList<>();
    private int wrongSize;
    private int wrongRow;

    @Override
    public OutputTensor[] run(List<? extends ModelInputs> requests, int rows) {
      sizes.add(rows);
      ByteBuffer values = requests.getFirst().input(0).contiguous().order(ByteOrder.LITTLE_ENDIAN);
      ByteBuffer answers = floats(rows);
      for (int row = 0; row < rows; row++) {
        boolean isWrong = rows == wrongSize && row == wrongRow;
        answers.putFloat(isWrong ? 999 : 10 * values.getFloat(row * Float.BYTES));
      }
      return new OutputTensor[] {
        new OutputTensor(DataType.FP32, new long[] {rows, 1}, answers.flip())
      };
    }

    @Override
    public void terminate() {}

    @Override
    public RunTimes lastTimes() {
      return new RunTimes(0, 0, 0);
    }

    @Override
    public void close() {}
  }

  private final Graphs graphs = new Graphs();

  private static ByteBuffer floats(int count) {
    return ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static Sample sample(int rows) {
    List<byte[]> bytes = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      bytes.add(floats(1).putFloat(row + 1).array());
    }
    return new Sample(List.of(new Sample.Column(DataType.FP32, new long[] {1}, bytes)));
  }

  private CaptureTrial trial(ModelInputs sample) {
    OutputTensor output = new Graphs().run(List.of(sample), sample.rows())[0];
    return new CaptureTrial(sample, List.of(new Answer(output, Answer.Rounding.COARSE)));
  }

  @Test
  void everySizeIsTriedOnceAndFull() throws Exception {
    assertThat(trial(sample(5)).difference(graphs, SIZES)).isEmpty();
    assertThat(graphs.sizes).containsExactly(1, 2, 3, 4, 6, 8, 12);
  }

  @Test
  void oneRowOfOneSizeThatDiffersIsFoundAndTold() throws Exception {
    CaptureTrial trial = trial(sample(5));
    for (int size : SIZES) {
      graphs.wrongSize = size;
      for (graphs.wrongRow = 0; graphs.wrongRow < size; graphs.wrongRow++) {
        assertThat(trial.difference(graphs, SIZES).orElseThrow())
            .startsWith("%d rows: values differ (".formatted(size))
            .contains("999.0");
      }
    }
  }

  @Test
  void aModelThatIsNotBatchedIsTriedWhole() throws Exception {
    TensorView tensor =
        new TensorView(DataType.FP32, new long[] {1, 1}, floats(1).putFloat(7).flip());
    CaptureTrial trial = trial(new Sample.Whole(List.of(tensor)));

    assertThat(trial.difference(graphs, 1)).isEmpty();

    graphs.wrongSize = 1;
    assertThat(trial.difference(graphs, 1))
        .contains("1 rows: values differ (70.0 in one batch, 999.0 in another)");
  }
}
