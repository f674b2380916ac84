// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import java.util.List;

/**
 * A tensor with its contents.
 *
 * @param raw the elements in the protocol's raw form: little-endian; each of BYTES after its length
 */
record Tensor(String name, DataType type, List<Long> shape, ByteString raw) {
  /** The largest message that protobuf can hold, less room for names. */
  static final long MAX_BYTES = Integer.MAX_VALUE - 65_536L;

  Tensor {
    shape = List.copyOf(shape);
  }

  /** Elements of a shape without open axes; {@link Long#MAX_VALUE} if too many for a long. */
  static long elements(List<Long> shape) {
    long count = 1;
    for (long dim : shape) {
      if (dim != 0 && count > Long.MAX_VALUE / dim) {
        return Long.MAX_VALUE;
      }
      count *= dim;
    }
    return count;
  }

  /** Like {@code [1,16]}. */
  static String text(List<Long> shape) {
    return shape.toString().replace(" ", "");
  }
}
