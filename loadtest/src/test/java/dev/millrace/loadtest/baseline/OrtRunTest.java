// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OrtRunTest {
  @TempDir Path folder;

  @Test
  void survivesTheWayBetweenProcesses() {
    OrtRun run = new OrtRun(32, 16, 125.5, 120.25);

    assertThat(OrtRun.parse(run.line())).isEqualTo(run);
    assertThat(run.rowsPerSecond()).isEqualTo(32e6 / 125.5);
    assertThat(run.cpuMicrosPerRow()).isEqualTo(120.25 / 32);
    assertThatThrownBy(() -> OrtRun.parse("no")).hasMessage("'no' (expected 4 numbers)");
  }

  @Test
  void runsModelsOfTokens() throws Exception {
    BenchmarkModels.write(folder);
    try (OrtSession session =
            OrtEnvironment.getEnvironment().createSession(folder.resolve("text.onnx").toString());
        OrtBatch batch = OrtBatch.create(OrtEnvironment.getEnvironment(), session, 2, 16)) {
      OrtRun run = batch.measure(3);

      assertThat(run.rows()).isEqualTo(2);
      assertThat(run.microsPerRun()).isPositive();
      assertThat(OrtBatch.inputBytes(session, 2, 16)).isEqualTo(2 * 2 * 16 * 8);
    }
  }
}
