// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.gpucheck;

import dev.millrace.loadtest.baseline.BareModel;
import java.util.Arrays;
import java.util.List;

/**
 * The first rows of a batch, and of its answers: the same, as rows do not depend on each other.
 *
 * @param rows of them
 * @param all of the batch
 */
record FirstRows(int rows, int all) {

  List<BareModel.Input> ofInputs(List<BareModel.Input> batch) {
    return batch.stream().map(this::of).toList();
  }

  private BareModel.Input of(BareModel.Input input) {
    long[] shape = input.shape().clone();
    shape[0] = rows;
    byte[] content = Arrays.copyOf(input.content(), input.content().length / all * rows);
    return new BareModel.Input(input.name(), input.dataType(), shape, content);
  }

  List<float[]> ofOutputs(List<float[]> outputs) {
    return outputs.stream()
        .map(output -> Arrays.copyOf(output, output.length / all * rows))
        .toList();
  }
}
