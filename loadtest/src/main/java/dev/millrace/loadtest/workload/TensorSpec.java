// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import dev.millrace.backends.tensor.DataType;
import java.util.List;

/**
 * What a server says of an input or output.
 *
 * @param shape with -1 for each axis that is open
 */
record TensorSpec(String name, DataType type, List<Long> shape) {
  TensorSpec {
    shape = shape.stream().map(dim -> dim < 0 ? -1 : dim).toList();
  }

  boolean accepts(List<Long> other) {
    if (shape.size() != other.size()) {
      return false;
    }
    for (int axis = 0; axis < shape.size(); axis++) {
      if (shape.get(axis) >= 0 && !shape.get(axis).equals(other.get(axis))) {
        return false;
      }
    }
    return true;
  }

  /** Whether a request may have as many rows as it likes. */
  boolean hasOpenRows() {
    return !shape.isEmpty() && shape.getFirst() < 0;
  }

  @Override
  public String toString() {
    return "%s %s %s".formatted(name, type, Tensor.text(shape));
  }
}
