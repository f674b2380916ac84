// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts an array into the tensors of several requests. An axis more than the tensor has counts
 * requests; without it, an open first axis is cut into as many rows as a request has, the last
 * request taking what is left.
 */
final class ArrayCut {
  private ArrayCut() {}

  static List<Tensor> cut(Path file, NpyArray array, Side side, TensorSpec spec, int rows) {
    if (!NpyType.fits(array.descr(), spec.type())) {
      throw new WorkloadException(
          "%s array '%s': type '%s' (expected '%s' for %s)"
              .formatted(
                  file, spec.name(), array.descr(), NpyType.expected(spec.type()), spec.type()));
    }
    List<Long> shape = array.shape();
    boolean stacked =
        shape.size() == spec.shape().size() + 1 && spec.accepts(shape.subList(1, shape.size()));
    if ((!stacked && !spec.accepts(shape)) || Tensor.elements(shape) == 0) {
      throw new WorkloadException(
          "%s array '%s': shape %s (expected %s as the %s, or an axis of requests before it)"
              .formatted(file, spec.name(), Tensor.text(shape), Tensor.text(spec.shape()), side));
    }
    if (stacked) {
      return pieces(file, array, spec, 1, true);
    }
    return pieces(file, array, spec, spec.hasOpenRows() ? rows : Long.MAX_VALUE, false);
  }

  /** Pieces of that many steps along the first axis, which the pieces of a stack do not have. */
  private static List<Tensor> pieces(
      Path file, NpyArray array, TensorSpec spec, long steps, boolean stacked) {
    List<Long> shape = array.shape();
    if (shape.isEmpty() || steps >= shape.getFirst()) {
      List<Long> whole = stacked ? shape.subList(1, shape.size()) : shape;
      return List.of(tensor(spec, whole, array.data()));
    }
    long count = shape.getFirst();
    DataFile.checkCount(file, (count + steps - 1) / steps);
    int stepBytes = (int) (array.data().size() / count);
    List<Tensor> pieces = new ArrayList<>();
    for (long start = 0; start < count; start += steps) {
      long end = Math.min(count, start + steps);
      List<Long> piece = new ArrayList<>(shape);
      if (stacked) {
        piece.removeFirst();
      } else {
        piece.set(0, end - start);
      }
      ByteString data = array.data().substring((int) start * stepBytes, (int) end * stepBytes);
      pieces.add(tensor(spec, piece, data));
    }
    return pieces;
  }

  private static Tensor tensor(TensorSpec spec, List<Long> shape, ByteString data) {
    ByteString raw =
        spec.type() == DataType.BYTES
            ? NpyType.withLengths(data, data.size() / (int) Tensor.elements(shape))
            : data;
    return new Tensor(spec.name(), spec.type(), shape, raw);
  }
}
