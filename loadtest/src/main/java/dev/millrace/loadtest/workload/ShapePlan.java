// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Decides which shapes are sent to a model. What the server fixes stays; an open first axis is
 * rows; any other open axis has to be chosen by the user, since a guess would measure another model
 * than theirs.
 */
final class ShapePlan {
  /**
   * The shapes of one request.
   *
   * @param shapes for each input of the model, in its order
   */
  record Shapes(List<List<Long>> shapes, double weight) {}

  private final ModelSignature model;
  private final int rows;
  private final Map<String, List<ShapeChoice>> choices;

  private ShapePlan(ModelSignature model, int rows, List<ShapeChoice> choices) {
    this.model = model;
    this.rows = rows;
    this.choices = choices.stream().collect(Collectors.groupingBy(ShapeChoice::input));
  }

  /**
   * The shapes of each request of the mix. Inputs with several choices take turns together: the
   * first of one with the first of the other.
   *
   * @param choices for inputs of any model; those for others are passed over
   * @throws WorkloadException if an axis remains open, or a choice does not fit
   */
  static List<Shapes> of(ModelSignature model, int rows, List<ShapeChoice> choices) {
    return new ShapePlan(model, rows, choices).all();
  }

  private List<Shapes> all() {
    checkRows();
    int alternatives = alternatives();
    List<Shapes> all = new ArrayList<>();
    for (int i = 0; i < alternatives; i++) {
      all.add(alternative(i));
    }
    return all;
  }

  private void checkRows() {
    if (rows > 1 && model.inputs().stream().noneMatch(TensorSpec::hasOpenRows)) {
      throw new WorkloadException(
          "--rows %d: model '%s' has no input with an open first axis (%s)"
              .formatted(rows, model.name(), model.list(Side.INPUT)));
    }
  }

  private int alternatives() {
    Map<Integer, String> counts = new HashMap<>();
    for (TensorSpec input : model.inputs()) {
      int count = choicesOf(input).size();
      if (count > 1) {
        counts.put(count, input.name());
      }
    }
    if (counts.size() > 1) {
      throw new WorkloadException(
          "--shape: model '%s' has %s (expected as many for each, or one)"
              .formatted(
                  model.name(),
                  counts.entrySet().stream()
                      .map(e -> "%d shapes for '%s'".formatted(e.getKey(), e.getValue()))
                      .collect(Collectors.joining(" and "))));
    }
    return counts.isEmpty() ? 1 : counts.keySet().iterator().next();
  }

  private List<ShapeChoice> choicesOf(TensorSpec input) {
    return choices.getOrDefault(input.name(), List.of());
  }

  private Shapes alternative(int index) {
    List<List<Long>> shapes = new ArrayList<>();
    double weight = 1;
    for (TensorSpec input : model.inputs()) {
      List<ShapeChoice> choices = choicesOf(input);
      if (choices.isEmpty()) {
        shapes.add(withoutChoice(input));
        continue;
      }
      ShapeChoice choice = choices.get(choices.size() == 1 ? 0 : index);
      if (!input.accepts(choice.dims())) {
        throw new WorkloadException(
            "--shape %s:%s: model '%s' input '%s' has shape %s"
                .formatted(
                    choice.input(),
                    text(choice.dims()),
                    model.name(),
                    input.name(),
                    Tensor.text(input.shape())));
      }
      shapes.add(choice.dims());
      weight = agreed(weight, choice);
    }
    return new Shapes(shapes, weight);
  }

  private double agreed(double weight, ShapeChoice choice) {
    if (weight != 1 && choice.weight() != 1 && weight != choice.weight()) {
      throw new WorkloadException(
          "--shape %s:%s: weight %s (expected %s, as for the input that goes with it)"
              .formatted(choice.input(), text(choice.dims()), choice.weight(), weight));
    }
    return weight == 1 ? choice.weight() : weight;
  }

  private List<Long> withoutChoice(TensorSpec input) {
    List<Long> shape = new ArrayList<>(input.shape());
    if (input.hasOpenRows()) {
      shape.set(0, (long) rows);
    }
    int open = shape.indexOf(-1L);
    if (open >= 0) {
      throw new WorkloadException(
          "model '%s' input '%s': shape %s leaves axis %d open (give --shape %s:%s)"
              .formatted(
                  model.name(),
                  input.name(),
                  Tensor.text(input.shape()),
                  open,
                  input.name(),
                  text(shape).replace("-1", "N")));
    }
    return shape;
  }

  private static String text(List<Long> dims) {
    return dims.stream().map(String::valueOf).collect(Collectors.joining("x"));
  }
}
