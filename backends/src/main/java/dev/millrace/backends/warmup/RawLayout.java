// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.warmup;

import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** How many bytes a tensor has in the protocol's raw layout. */
final class RawLayout {
  private static final int LENGTH_BYTES = 4;

  private RawLayout() {}

  /** Bytes of all elements; of byte strings, as far as their own lengths tell. */
  static long expectedBytes(TensorView tensor) {
    long elements = Shapes.elements(tensor.shape());
    return tensor.dataType().isFixedSize()
        ? Math.multiplyExact(elements, tensor.dataType().byteSize())
        : bytesOfStrings(tensor.contiguous().duplicate().order(ByteOrder.LITTLE_ENDIAN), elements);
  }

  private static long bytesOfStrings(ByteBuffer raw, long elements) {
    long bytes = 0;
    for (long i = 0; i < elements; i++) {
      if (raw.remaining() < LENGTH_BYTES) {
        return bytes + (elements - i) * LENGTH_BYTES; // at least
      }
      long length = Integer.toUnsignedLong(raw.getInt());
      bytes += LENGTH_BYTES + length;
      raw.position((int) Math.min(raw.limit(), raw.position() + length));
    }
    return bytes;
  }
}
