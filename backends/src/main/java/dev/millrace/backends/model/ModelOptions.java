// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.device.Placement;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * How a model is to be loaded.
 *
 * @param maxBatchSize rows of a batch at most; 0 for one request at a time; empty to let the engine
 *     find out whether the model can be batched
 * @param threads threads of one run, at least 1
 * @param declaredInputs what the configuration says of inputs, full shapes; empty if nothing
 * @param declaredOutputs likewise of outputs
 * @param placement where it is to run
 * @param gpuMemoryBytes of a GPU's memory that it may take; 0 for no limit of its own
 * @param engine options of the engine itself, by its own keys
 * @param padding which rows may be made longer to share runs
 */
public record ModelOptions(
    OptionalInt maxBatchSize,
    int threads,
    List<TensorSpec> declaredInputs,
    List<TensorSpec> declaredOutputs,
    Placement placement,
    long gpuMemoryBytes,
    Map<String, String> engine,
    Padding padding) {

  /** Those of a model that may run wherever it can. */
  public ModelOptions(
      OptionalInt maxBatchSize,
      int threads,
      List<TensorSpec> declaredInputs,
      List<TensorSpec> declaredOutputs,
      Map<String, String> engine) {
    this(
        maxBatchSize,
        threads,
        declaredInputs,
        declaredOutputs,
        Placement.AUTO,
        0,
        engine,
        Padding.NONE);
  }

  /** Rows of a batch at most for a model that can be batched and whose owner set no limit. */
  public static final int DEFAULT_MAX_BATCH_SIZE = 128;

  public static final ModelOptions DEFAULT =
      new ModelOptions(OptionalInt.empty(), 1, List.of(), List.of(), Map.of());
}
