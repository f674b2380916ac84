// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.warmup;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.InputChecker;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorView;
import java.util.List;

/** The tensors of a request, as somebody wrote them down. */
record NamedTensors(List<NamedTensor> all) implements InputChecker.Given {

  record NamedTensor(String name, TensorView view) {}

  @Override
  public int count() {
    return all.size();
  }

  @Override
  public String name(int index) {
    return all.get(index).name();
  }

  @Override
  public TensorView tensor(int index) {
    return all.get(index).view();
  }

  /**
   * Makes sure that there are as many bytes as the shapes say.
   *
   * @throws InferException if there are not
   */
  void requireWhole() throws InferException {
    for (NamedTensor tensor : all) {
      TensorView view = tensor.view();
      long expected = RawLayout.expectedBytes(view);
      if (view.byteLength() != expected) {
        throw InferException.invalid(
            "input '%s': %d bytes (expected %d for %s%s)"
                .formatted(
                    tensor.name(),
                    view.byteLength(),
                    expected,
                    view.dataType(),
                    Shapes.format(view.shape())));
      }
    }
  }
}
