// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OversizedRequestTest {
  private static final int COLUMNS = 100_000;

  @TempDir Path folder;

  private record Rows(int rows, float value) implements ModelInputs {
    @Override
    public TensorView input(int index) {
      ByteBuffer bytes = ByteBuffer.allocate(rows * 16).order(ByteOrder.LITTLE_ENDIAN);
      while (bytes.hasRemaining()) {
        bytes.putFloat(value);
      }
      return new TensorView(DataType.FP32, new long[] {rows, 4}, bytes.flip());
    }
  }

  private static float first(Runner runner, float value) throws ModelRunException {
    return runner.run(List.of(new Rows(1, value)), 1)[0].data().getFloat(0);
  }

  @Test
  void leavesTheRunnerAsItWas() throws Exception {
    Path file = folder.resolve("model.onnx");
    Files.write(file, OnnxModels.matmul(4, COLUMNS));
    try (LoadedModel model =
            new OnnxBackend().load(new ModelArtifact("m", 1, file), ModelOptions.DEFAULT);
        Runner runner = model.newRunner()) {
      float one = first(runner, 1);
      float two = first(runner, 2);
      assertThat(two).isNotEqualTo(one);

      // its output would have more bytes than a buffer can; its input needs a larger slab
      assertThatThrownBy(() -> runner.run(List.of(new Rows(8000, 1)), 8000))
          .isInstanceOfSatisfying(
              ModelRunException.class, e -> assertThat(e.kind()).isEqualTo(Failure.Kind.INVALID))
          .hasMessageContaining("shape [8000,100000]");

      assertThat(first(runner, 1)).isEqualTo(one);
      assertThat(first(runner, 2)).isEqualTo(two);
    }
  }
}
