// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.TensorView;

/** The input tensors of one request, in the order of the model's signature. */
public interface ModelInputs {

  /** Input number {@code index} of the signature. */
  TensorView input(int index);

  /** Size of the batch axis of every input; 1 for an unbatched model. */
  int rows();
}
