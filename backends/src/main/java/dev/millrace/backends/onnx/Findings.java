// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A model's interface as it was found to be: what the graph declares, corrected by what its runs
 * were seen to give.
 *
 * @param inputs as declared
 * @param outputs as declared
 * @param trials what was seen
 */
record Findings(
    List<GraphValue> inputs,
    List<GraphValue> outputs,
    ModelSignature.Batching batching,
    Trials trials) {

  ModelSignature signature() {
    return new ModelSignature(Interface.specs(inputs), outputSpecs(), batching);
  }

  List<TensorSpec> outputSpecs() {
    List<TensorSpec> specs = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      specs.add(outputSpec(outputs.get(i), trials.seen(i)));
    }
    return List.copyOf(specs);
  }

  private TensorSpec outputSpec(GraphValue output, Trials.Seen seen) {
    TensorSpec declared = Interface.spec(output);
    if (!seen.any()) {
      return declared;
    }
    long[] observed = seen.shape();
    if (observed == null) {
      return new TensorSpec(output.name(), declared.dataType(), new long[] {-1}, false);
    }
    if (!declared.rankKnown() && !isBatched()) {
      return declared; // a few runs do not show that a rank is fixed
    }
    long[] shape = new long[observed.length];
    Arrays.fill(shape, -1);
    if (declared.rankKnown() && declared.shape().length == observed.length) {
      for (int i = isBatched() ? 1 : 0; i < shape.length; i++) {
        shape[i] = declared.shape()[i] == observed[i] ? observed[i] : -1;
      }
    }
    return new TensorSpec(output.name(), declared.dataType(), shape);
  }

  /**
   * What runners have to know.
   *
   * @param fedNames the names under which ORT is fed the inputs
   * @param operators all operators in the graph
   */
  RunPlan plan(List<String> fedNames, Set<String> operators) {
    boolean fixed = !Interface.shapesVary(inputs) && (isBatched() || firstAxesFixed());
    Set<String> fatal = new TreeSet<>(RunPlan.FATAL_IF_EMPTY);
    fatal.retainAll(operators);
    List<RunPlan.PinnedShape> pinned = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      pinned.add(fixed ? pinnedShape(outputs.get(i), trials.seen(i)) : RunPlan.PinnedShape.NONE);
    }
    return new RunPlan(
        Interface.specs(inputs),
        fedNames,
        outputSpecs(),
        isBatched(),
        batching instanceof ModelSignature.Batching.Batched batched ? batched.maxBatchSize() : 1,
        fixed,
        fatal,
        List.copyOf(pinned));
  }

  private RunPlan.PinnedShape pinnedShape(GraphValue output, Trials.Seen seen) {
    DataType type = Interface.spec(output).dataType();
    long[] shape = seen.shape();
    // memory can be bound only for types that ORT's Java binding can make a tensor of
    if (shape == null || type == DataType.BYTES || ElementType.creatable(type) != type) {
      return RunPlan.PinnedShape.NONE;
    }
    // ORT holds bound memory (and only that) against what is declared, however wrong that is
    if (output.shape() != null && !Shapes.fits(withoutRows(shape), output.shape())) {
      return RunPlan.PinnedShape.NONE;
    }
    // an input handed through is given back as it is
    if (inputs.stream().anyMatch(input -> input.name().equals(output.name()))) {
      return RunPlan.PinnedShape.NONE;
    }
    for (int i = isBatched() ? 1 : 0; i < shape.length; i++) {
      if (shape[i] < 0) {
        return RunPlan.PinnedShape.NONE;
      }
    }
    return new RunPlan.PinnedShape(shape);
  }

  /** The shape with a number of rows that no graph declares, if it has rows. */
  private long[] withoutRows(long[] shape) {
    long[] copy = shape.clone();
    if (isBatched()) {
      copy[0] = Long.MAX_VALUE;
    }
    return copy;
  }

  private boolean isBatched() {
    return batching instanceof ModelSignature.Batching.Batched;
  }

  private boolean firstAxesFixed() {
    return inputs.stream()
        .allMatch(
            input ->
                input.dims() != null
                    && (input.dims().isEmpty() || input.dims().get(0).size() >= 0));
  }
}
