// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import dev.millrace.backends.tensor.Shapes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** How the answer to a request whose rows were made longer becomes one to what was asked. */
public final class Cut {
  /** Of a request that was not changed. */
  public static final Cut NONE = new Cut(new int[0], 0, 0);

  private final int[] axes;
  private final long size;
  private final long paddedSize;

  /**
   * @param axes by number of the output the one to cut; -1 for none
   * @param size of the request's rows
   * @param paddedSize what they were made
   */
  Cut(int[] axes, long size, long paddedSize) {
    this.axes = axes;
    this.size = size;
    this.paddedSize = paddedSize;
  }

  public boolean isNone() {
    return size == paddedSize;
  }

  /**
   * The rows of one request out of those of a batch, as long as the request's.
   *
   * @param rowFrom the request's first
   * @throws InferException if an output is not as long as the inputs were made
   */
  public OutputTensor[] rows(OutputTensor[] outputs, int rowFrom, int rows) throws InferException {
    OutputTensor[] cut = new OutputTensor[outputs.length];
    for (int i = 0; i < outputs.length; i++) {
      OutputTensor mine = outputs[i].rows(rowFrom, rows);
      cut[i] = axes[i] < 0 ? mine : cut(i, mine);
    }
    return cut;
  }

  private OutputTensor cut(int number, OutputTensor output) throws InferException {
    int axis = axes[number];
    long[] shape = output.shape().clone();
    if (axis >= shape.length || shape[axis] != paddedSize) {
      throw new InferException(
          new Failure(
              Failure.Kind.ENGINE,
              "output %d has shape %s (expected %d on axis %d, as its inputs were padded)"
                  .formatted(number, Shapes.format(shape), paddedSize, axis)));
    }
    long unit = Shapes.elementsFrom(shape, axis + 1) * output.dataType().byteSize();
    int kept = Math.toIntExact(unit * size);
    int block = Math.toIntExact(unit * paddedSize);
    shape[axis] = size;
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(Shapes.elements(shape) * output.dataType().byteSize()))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0, to = 0; to < bytes.capacity(); from += block, to += kept) {
      bytes.put(to, output.data(), from, kept);
    }
    return new OutputTensor(output.dataType(), shape, bytes);
  }
}
