// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.Cut;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Padder;
import dev.millrace.backends.model.Padding;
import dev.millrace.backends.tensor.TensorView;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Finds out whether rows may be made longer, as the model's owner says: rows of made-up values are
 * run as they are and made longer, and the answers have to be the same. An attention mask is all
 * ones there, as it is in requests: what a model makes of a row that is masked altogether depends
 * on its length by right.
 */
final class PaddingProof {
  private static final int ROWS = 2;
  private static final List<TrialValues> KINDS = List.of(TrialValues.NORMAL, TrialValues.MIXED);

  private final Trials trials;
  private final List<GraphValue> inputs;
  private final List<GraphValue> outputs;
  private final Padder padder;
  private final Padding padding;

  PaddingProof(
      Trials trials,
      List<GraphValue> inputs,
      List<GraphValue> outputs,
      Padding padding,
      Padder padder) {
    this.trials = trials;
    this.inputs = inputs;
    this.outputs = outputs;
    this.padding = padding;
    this.padder = padder;
  }

  /** What differs; nothing if the answers are the same. */
  Optional<String> objection() {
    for (long length : lengths()) {
      for (TrialValues kind : KINDS) {
        Optional<String> objection = tryOut(kind, length);
        if (objection.isPresent()) {
          return objection;
        }
      }
      if (!trials.timeLeft()) {
        break;
      }
    }
    return Optional.empty();
  }

  /** Half of the shortest length, and one more than that. */
  private Set<Long> lengths() {
    List<Integer> sizes = padding.sizes();
    Set<Long> lengths = new LinkedHashSet<>();
    lengths.add((sizes.getFirst() + 1) / 2L);
    if (sizes.size() > 1) {
      lengths.add(sizes.getFirst() + 1L);
    }
    return lengths;
  }

  private Optional<String> tryOut(TrialValues kind, long length) {
    Sample sample = trials.sample(kind, new OpenSizes(length), 0, ROWS);
    if (sample == null) {
      return Optional.empty(); // too large to be tried
    }
    TensorView[] tensors = new TensorView[inputs.size()];
    for (int i = 0; i < tensors.length; i++) {
      TensorView view = sample.input(i);
      tensors[i] = isMask(inputs.get(i).name()) ? Ones.like(view) : view;
    }
    List<Answer> exact = trials.run(new Sample.Whole(List.of(tensors)));
    if (exact == null) {
      return Optional.of("a row of %d fails: %s".formatted(length, trials.lastError()));
    }
    TensorView[] longer = tensors.clone();
    try {
      Cut cut = padder.pad(longer);
      List<Answer> padded = trials.run(new Sample.Whole(List.of(longer)));
      return padded == null
          ? Optional.of("a row made longer fails: " + trials.lastError())
          : difference(length, exact, cut(padded, cut));
    } catch (InferException e) {
      return Optional.of(e.failure().detail());
    }
  }

  private static boolean isMask(String input) {
    return input.toLowerCase(Locale.ROOT).contains("mask");
  }

  private List<Answer> cut(List<Answer> padded, Cut cut) throws InferException {
    if (cut.isNone()) {
      return padded;
    }
    OutputTensor[] outputs = padded.stream().map(Answer::tensor).toArray(OutputTensor[]::new);
    return Arrays.stream(cut.rows(outputs, 0, ROWS)).map(trials::answer).toList();
  }

  private Optional<String> difference(long length, List<Answer> exact, List<Answer> cut) {
    for (int i = 0; i < exact.size(); i++) {
      for (int row = 0; row < ROWS; row++) {
        if (exact.get(i).differenceTo(cut.get(i), row, row).isPresent()) {
          return Optional.of(
              "output '%s' of a row of %d is another one when the row is made longer (expected one that the mask, or the value, keeps as it is)"
                  .formatted(outputs.get(i).name(), length));
        }
      }
    }
    return Optional.empty();
  }
}
