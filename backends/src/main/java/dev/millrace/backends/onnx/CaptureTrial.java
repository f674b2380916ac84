// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import java.util.List;
import java.util.Optional;

/**
 * A run that was no graph, to hold graphs against: each once, full. Rows do not depend on each
 * other, so a larger batch of the same rows over and over is known to have the same answers over
 * and over.
 *
 * @param sample of few rows; whole, of a model that is not batched
 * @param answers one per output
 */
record CaptureTrial(ModelInputs sample, List<Answer> answers) {

  /** Which of these numbers of rows a runner answers differently, and how; empty if none. */
  Optional<String> difference(Runner runner, int... sizes) throws ModelRunException {
    for (int rows : sizes) {
      Optional<String> difference = difference(runner, rows);
      if (difference.isPresent()) {
        return difference.map(text -> "%d rows: %s".formatted(rows, text));
      }
    }
    return Optional.empty();
  }

  private Optional<String> difference(Runner runner, int rows) throws ModelRunException {
    ModelInputs inputs = sample instanceof Sample few ? few.cycled(rows) : sample;
    OutputTensor[] outputs = runner.run(List.of(inputs), rows);
    for (int i = 0; i < outputs.length; i++) {
      Answer answer = new Answer(outputs[i], Answer.Rounding.COARSE);
      Optional<String> difference =
          sample instanceof Sample
              ? rowsDifference(answers.get(i), answer, rows)
              : answers.get(i).differenceTo(answer);
      if (difference.isPresent()) {
        return difference;
      }
    }
    return Optional.empty();
  }

  private Optional<String> rowsDifference(Answer expected, Answer actual, int rows) {
    if (!actual.hasRows(rows)) {
      return Optional.of("%d rows of answers".formatted(actual.shape()[0]));
    }
    for (int row = 0; row < rows; row++) {
      Optional<String> difference = expected.differenceTo(actual, row % sample.rows(), row);
      if (difference.isPresent()) {
        return difference;
      }
    }
    return Optional.empty();
  }
}
