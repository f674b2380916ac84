// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a build for processors says; that providers work takes a device. */
final class ProviderOptionsTest {

  @Test
  void aBuildWithoutOpenVinoSaysSoAndItsSessionsRunAllTheSame() throws Exception {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      assertThatThrownBy(() -> ProviderOptions.addOpenVino(options, Map.of("device_type", "CPU")))
          .isInstanceOf(OrtException.class)
          .hasMessageContaining("OpenVINO execution provider is not supported in this build");
      OrtProbe.runOnce(options);
    }
  }
}
