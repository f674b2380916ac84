// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.json.Json;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The class that a model gives for one row.
 *
 * @param confidence its probability, if the scores are probabilities
 */
record Prediction(int classIndex, OptionalDouble confidence) {

  static Prediction of(Holdout holdout, InferAnswer answer) {
    List<Double> scores =
        elements(holdout.scoreOutput(), answer).stream().map(Prediction::real).toList();
    int index =
        holdout
            .labelOutput()
            .map(label -> (int) real(elements(label, answer).getFirst()))
            .orElseGet(() -> indexOfMax(scores));
    double sum = scores.stream().mapToDouble(Double::doubleValue).sum();
    boolean areProbabilities =
        Math.abs(sum - 1) < 1e-3 && scores.stream().allMatch(score -> score >= 0);
    return new Prediction(
        index,
        areProbabilities && index < scores.size()
            ? OptionalDouble.of(scores.get(index))
            : OptionalDouble.empty());
  }

  private static List<Json> elements(String output, InferAnswer answer) {
    return answer
        .output(output)
        .map(InferAnswer.Output::elements)
        .filter(elements -> !elements.isEmpty())
        .orElseThrow(
            () -> new IllegalStateException("no output '%s' in the answer".formatted(output)));
  }

  private static double real(Json element) {
    return element instanceof Json.Num number ? Double.parseDouble(number.literal()) : Double.NaN;
  }

  private static int indexOfMax(List<Double> scores) {
    int best = 0;
    for (int i = 1; i < scores.size(); i++) {
      if (scores.get(i) > scores.get(best)) {
        best = i;
      }
    }
    return best;
  }
}
