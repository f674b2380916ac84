// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.TensorView;

/**
 * Inputs of one request that fit their model.
 *
 * @param tensors in the signature's order; not to be modified
 * @param rows size of the batch axis; 1 for an unbatched model
 * @param shapeKey equal for requests whose rows may share a run
 * @param rowSize elements of one row in all tensors, where rows differ in shape; else 1
 * @param bytes of all tensors together, as they came
 * @param cut how the answer becomes one to rows that were made longer
 */
@SuppressWarnings("ArrayRecordComponent") // handed from the checker to one task, never compared
public record CheckedInputs(
    TensorView[] tensors, int rows, Object shapeKey, long rowSize, long bytes, Cut cut) {}
