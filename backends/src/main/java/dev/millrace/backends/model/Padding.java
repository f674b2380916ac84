// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a model's owner says of rows that differ in length: to which lengths they may be made equal,
 * so that they share runs, and with what.
 *
 * @param sizes ascending; a row that is longer than all of them stays as it is
 * @param inputs that are made longer, by name
 * @param outputs that are as long as the inputs and are cut back, by name; their axis
 */
public record Padding(
    List<Integer> sizes, Map<String, Filler> inputs, Map<String, Integer> outputs) {
  public static final Padding NONE = new Padding(List.of(), Map.of(), Map.of());

  /**
   * How an input is made longer.
   *
   * @param axis from 0; the first is the batch axis
   * @param value of what is added
   */
  public record Filler(int axis, BigDecimal value) {}

  public boolean isEmpty() {
    return inputs.isEmpty();
  }

  /** What keeps a model of that signature from being served so; empty if nothing does. */
  public List<String> problems(ModelSignature signature) {
    List<String> problems = new ArrayList<>();
    if (!isEmpty() && signature.batching() instanceof ModelSignature.Batching.Unbatched alone) {
      problems.add("rows share no runs: " + alone.reason());
    }
    inputs.forEach(
        (name, filler) ->
            checkTensor("input", name, filler.axis(), signature.inputs(), problems)
                .ifPresent(
                    spec -> {
                      if (!Elements.fits(spec.dataType(), filler.value())) {
                        problems.add(
                            "input '%s': value %s (expected one of %s)"
                                .formatted(name, filler.value(), spec.dataType()));
                      }
                    }));
    outputs.forEach(
        (name, axis) -> checkTensor("output", name, axis, signature.outputs(), problems));
    return problems;
  }

  private static boolean mayVary(TensorSpec spec, int axis) {
    return !spec.rankKnown() || (axis < spec.shape().length && spec.shape()[axis] < 0);
  }

  private static Optional<TensorSpec> checkTensor(
      String kind, String name, int axis, List<TensorSpec> specs, List<String> problems) {
    Optional<TensorSpec> found =
        specs.stream().filter(spec -> spec.name().equals(name)).findFirst();
    if (found.isEmpty()) {
      problems.add("%s '%s': not among %s".formatted(kind, name, specs));
      return found;
    }
    TensorSpec spec = found.get();
    if (!mayVary(spec, axis)) {
      problems.add("%s '%s': axis %d is no open one of %s".formatted(kind, name, axis, spec));
    }
    if (spec.dataType() == DataType.BYTES) {
      problems.add("%s '%s': is of strings (expected numbers)".formatted(kind, name));
    }
    return found;
  }
}
