// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.warmup;

import dev.millrace.backends.model.CheckedInputs;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.tensor.TensorView;
import java.util.Collections;

/**
 * A request to run before a model serves, which fits the model. Immutable; any thread may run it.
 *
 * @param name for messages
 * @param copies how many of it make the batch that it is meant to be
 * @param runs how often that is run at least
 */
public record Sample(String name, CheckedInputs inputs, int copies, int runs)
    implements ModelInputs {

  @Override
  public TensorView input(int index) {
    return inputs.tensors()[index];
  }

  @Override
  public int rows() {
    return inputs.rows();
  }

  /** Runs so many of it together. */
  public void run(Runner runner, int together) throws ModelRunException {
    runner.run(Collections.nCopies(together, this), rows() * together);
  }
}
