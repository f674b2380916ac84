// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.millrace.backends.tensor.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;

/** Makes up contents of tensors; see {@link DataSource.Random} for how. */
final class SyntheticData {
  private static final int LENGTH_BYTES = 4;
  private static final int WORD_BYTES = 8;

  private SyntheticData() {}

  static Tensor zeros(TensorSpec spec, List<Long> shape) {
    // an empty string is its length, 0
    int bytes = bytes(spec, shape, LENGTH_BYTES);
    return tensor(spec, shape, new byte[bytes]);
  }

  static Tensor random(TensorSpec spec, List<Long> shape, SplittableRandom random) {
    byte[] raw = new byte[bytes(spec, shape, LENGTH_BYTES + WORD_BYTES)];
    ByteBuffer out = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    while (out.hasRemaining()) {
      put(out, spec.type(), random);
    }
    return tensor(spec, shape, raw);
  }

  private static void put(ByteBuffer out, DataType type, SplittableRandom random) {
    switch (type) {
      case BOOL -> out.put((byte) random.nextInt(2));
      case UINT8 -> out.put((byte) random.nextInt(256));
      case INT8 -> out.put((byte) random.nextInt(100));
      case UINT16, INT16 -> out.putShort((short) random.nextInt(100));
      case UINT32, INT32 -> out.putInt(random.nextInt(100));
      case UINT64, INT64 -> out.putLong(random.nextInt(100));
      case FP16 -> out.putShort(Float.floatToFloat16((float) random.nextGaussian()));
      case BF16 -> out.putShort(SmallFloats.toBfloat16((float) random.nextGaussian()));
      case FP32 -> out.putFloat((float) random.nextGaussian());
      case FP64 -> out.putDouble(random.nextGaussian());
      case BYTES -> {
        out.putInt(WORD_BYTES);
        for (int i = 0; i < WORD_BYTES; i++) {
          out.put((byte) ('a' + random.nextInt(26)));
        }
      }
    }
  }

  private static int bytes(TensorSpec spec, List<Long> shape, int bytesOfText) {
    int size = spec.type().isFixedSize() ? spec.type().byteSize() : bytesOfText;
    long elements = Tensor.elements(shape);
    if (elements > Tensor.MAX_BYTES / size) {
      throw new WorkloadException(
          "input '%s': shape %s of %s (expected less than 2 GiB)"
              .formatted(spec.name(), Tensor.text(shape), spec.type()));
    }
    return (int) elements * size;
  }

  private static Tensor tensor(TensorSpec spec, List<Long> shape, byte[] raw) {
    ByteString contents = UnsafeByteOperations.unsafeWrap(raw);
    return new Tensor(spec.name(), spec.type(), shape, contents);
  }
}
