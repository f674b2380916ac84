// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import java.util.List;
import java.util.Optional;

/**
 * How runs of a model are captured as CUDA graphs.
 *
 * @param another opens one more session of the model: each runner needs its own
 */
record Captures(CudaRuntime cuda, Trial trial, SessionOpener another) {

  /** Opens a session. */
  @FunctionalInterface
  interface SessionOpener {
    OrtSession open() throws OrtException;
  }

  /**
   * A run that was no graph, to hold graphs against.
   *
   * @param rows of the sample together
   * @param answers one per output
   */
  record Trial(ModelInputs sample, int rows, List<Answer> answers) {

    /** How a runner's answers differ; empty if they do not. */
    Optional<String> difference(OnnxRunner runner) throws ModelRunException {
      OutputTensor[] outputs = runner.run(List.of(sample), rows);
      for (int i = 0; i < outputs.length; i++) {
        Optional<String> difference =
            answers.get(i).differenceTo(new Answer(outputs[i], Answer.Rounding.COARSE));
        if (difference.isPresent()) {
          return difference;
        }
      }
      return Optional.empty();
    }
  }
}
