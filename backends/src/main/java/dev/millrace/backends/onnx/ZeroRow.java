// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;

/** One row of zeros (of empty strings) with a request's other dimensions. */
record ZeroRow(ModelInputs request) implements ModelInputs {

  @Override
  public TensorView input(int index) {
    TensorView like = request.input(index);
    long[] shape = like.shape().clone();
    shape[0] = 1;
    // four zero bytes are an empty string's length
    int size = like.dataType() == DataType.BYTES ? 4 : like.dataType().byteSize();
    int bytes = Math.toIntExact(Math.multiplyExact(Shapes.elements(shape), size));
    return new TensorView(like.dataType(), shape, ByteBuffer.allocate(bytes));
  }

  @Override
  public int rows() {
    return 1;
  }
}
