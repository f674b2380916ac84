// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The blobs of {@code raw_input_contents}: where they lie, and whether one fits an input. Used
 * again for message after message.
 */
final class RawContents {
  private static final int KEPT = 64;

  private int[] starts = new int[4];
  private int[] lengths = new int[4];
  private int count;

  void forget() {
    count = 0;
    if (starts.length > KEPT) {
      starts = new int[KEPT];
      lengths = new int[KEPT];
    }
  }

  int count() {
    return count;
  }

  /** Reads a blob with its length before it. Those past the most inputs allowed are but counted. */
  void read(WireReader in) throws MalformedException {
    int length = in.varint32();
    int start = in.position();
    in.skip(length);
    if (count < RequestDraft.MAX_TENSORS) {
      if (count == starts.length) {
        starts = Arrays.copyOf(starts, count * 2);
        lengths = Arrays.copyOf(lengths, count * 2);
      }
      starts[count] = start;
      lengths[count] = length;
    }
    count++;
  }

  /** The bytes of blob {@code index}, which are to be those of {@code elements} elements. */
  ByteBuffer[] view(
      WireReader in, int index, InputDraft input, DataType type, long[] shape, long elements)
      throws MalformedException, InferException {
    int length = lengths[index];
    if (!type.isFixedSize()) {
      checkFraming(in, index, input, shape, elements);
    } else if (length % type.byteSize() != 0 || length / type.byteSize() != elements) {
      throw input.invalid(
          length
              + " raw bytes (expected "
              + (elements > Long.MAX_VALUE / type.byteSize()
                  ? elements + " elements"
                  : elements * type.byteSize() + " bytes")
              + " for "
              + type
              + " "
              + Shapes.format(shape)
              + ")");
    }
    return in.message().view(starts[index], length);
  }

  /** BYTES: every element's length is there, fits into the blob, and they are as many as due. */
  private void checkFraming(WireReader in, int index, InputDraft input, long[] shape, long elements)
      throws MalformedException, InferException {
    in.seek(starts[index], starts[index] + lengths[index]);
    long found = 0;
    while (in.remaining() > 0) {
      if (in.remaining() < Integer.BYTES) {
        throw input.invalid(
            in.remaining()
                + " bytes after element "
                + found
                + " (expected a length of 4 bytes, or the end)");
      }
      int length = in.fixed32();
      if (length < 0 || length > in.remaining()) {
        throw input.invalid(
            "element "
                + found
                + " of "
                + Integer.toUnsignedString(length)
                + " bytes (expected at most "
                + in.remaining()
                + ", which are left)");
      }
      in.skip(length);
      found++;
    }
    if (found != elements) {
      throw input.invalid(
          found
              + " raw elements (expected "
              + elements
              + " for BYTES "
              + Shapes.format(shape)
              + ")");
    }
  }
}
