// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Models and tensors for tests. */
final class Signatures {
  private Signatures() {}

  static ModelSignature model(List<TensorSpec> inputs, List<TensorSpec> outputs) {
    return new ModelSignature(new ModelShare("m", Optional.empty(), 1), inputs, outputs);
  }

  static TensorSpec spec(String name, DataType type, long... shape) {
    return new TensorSpec(name, type, list(shape));
  }

  static List<Long> list(long... shape) {
    List<Long> dims = new ArrayList<>();
    for (long dim : shape) {
      dims.add(dim);
    }
    return dims;
  }

  static Tensor floats(String name, List<Long> shape, float... values) {
    return new Tensor(name, DataType.FP32, shape, ByteString.copyFrom(Numpy.floats(values)));
  }
}
