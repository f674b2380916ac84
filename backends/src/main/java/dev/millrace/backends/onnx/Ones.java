// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.Elements;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorView;
import java.math.BigDecimal;
import java.nio.ByteBuffer;

/** Tensors of ones. */
final class Ones {
  private Ones() {}

  /** One of numbers, of the same type and shape. */
  static TensorView like(TensorView other) {
    byte[] one = Elements.bytes(other.dataType(), BigDecimal.ONE);
    long elements = Shapes.elements(other.shape());
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(elements * one.length));
    while (bytes.hasRemaining()) {
      bytes.put(one);
    }
    return new TensorView(other.dataType(), other.shape(), bytes.flip());
  }
}
