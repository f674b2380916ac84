// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.tensor.TensorSpec;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a runner has to know of its model.
 *
 * @param inputs the signature's inputs
 * @param fedNames the names under which ORT is fed them, in the same order
 * @param outputs the signature's outputs
 * @param batched whether the first axis is the batch axis
 * @param maxRows rows of an ordinary batch
 * @param fixedInputs whether every input's shape is fixed but for the batch axis
 * @param fatalOperators operators in the graph that take the process down on tensors without
 *     elements
 * @param pinned per output the shape that its runs have been seen to give, with any number on the
 *     batch axis; null where that varies or is not known
 */
record RunPlan(
    List<TensorSpec> inputs,
    List<String> fedNames,
    List<TensorSpec> outputs,
    boolean batched,
    int maxRows,
    boolean fixedInputs,
    Set<String> fatalOperators,
    List<PinnedShape> pinned) {

  /** The shape of an output that is written to memory of the runner, or none. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record PinnedShape(long @Nullable [] dims) {
    static final PinnedShape NONE = new PinnedShape(null);
  }

  /**
   * Operators whose kernels on the processor divide by a dimension, or abort, if that is 0 (ORT
   * 1.29; found by running every operator of the default domain on empty tensors, each in a process
   * of its own).
   */
  static final Set<String> FATAL_IF_EMPTY =
      Set.of("GRU", "LSTM", "LpNormalization", "RNN", "ScatterND", "TopK", "Unique");

  /** Those of them that do no harm to an empty vector. */
  static final Set<String> HARMLESS_TO_VECTORS = Set.of("TopK", "Unique");

  /** A plan for finding out about a model: nothing is known, nothing is pinned. */
  static RunPlan unproven(
      List<TensorSpec> inputs, List<String> fedNames, List<TensorSpec> outputs) {
    return new RunPlan(
        inputs,
        fedNames,
        outputs,
        false,
        1,
        false,
        Set.of(),
        outputs.stream().map(output -> PinnedShape.NONE).toList());
  }
}
