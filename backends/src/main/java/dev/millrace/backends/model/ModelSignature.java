// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.TensorSpec;
import java.util.List;

/**
 * What a loaded model takes and gives, as found out by its engine.
 *
 * @param inputs in the graph's order, full shapes; the first axis is the batch axis if batched
 * @param outputs in the graph's order, likewise
 * @param batching whether rows of several requests may run together
 */
public record ModelSignature(List<TensorSpec> inputs, List<TensorSpec> outputs, Batching batching) {

  /** Whether rows of several requests may share a run. */
  public sealed interface Batching {

    /** Rows are independent: any number up to {@code maxBatchSize} may run together. */
    record Batched(int maxBatchSize) implements Batching {}

    /** Requests run one at a time, whatever their shapes, because of {@code reason}. */
    record Unbatched(String reason) implements Batching {}
  }

  public boolean isBatched() {
    return batching instanceof Batching.Batched;
  }

  /** Rows of a batch at most; 0 if the model is not batched, as in the protocol's ModelConfig. */
  public int maxBatchSize() {
    return batching instanceof Batching.Batched batched ? batched.maxBatchSize() : 0;
  }

  /** Number of the output of that name; -1 if there is none. */
  public int outputIndex(String name) {
    for (int i = 0; i < outputs.size(); i++) { // a handful at most
      if (outputs.get(i).name().equals(name)) {
        return i;
      }
    }
    return -1;
  }
}
