// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.shadow;

import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * One output of one request's answer.
 *
 * @param shape that of the request's rows; not to be modified
 * @param data its bytes as on the wire, from index 0 to the limit; little-endian
 */
@SuppressWarnings("ArrayRecordComponent") // compared by Divergence only
public record AnsweredOutput(String name, DataType dataType, long[] shape, ByteBuffer data) {

  /** Of {@link #all}: the whole run was this one request's. */
  public static final int WHOLE = -1;

  /**
   * A request's rows of a run, in memory of the runner: valid until its next run.
   *
   * @param rows how many; {@link #WHOLE} if they are not rows
   */
  public static List<AnsweredOutput> all(
      List<TensorSpec> specs, OutputTensor[] outputs, int rowFrom, int rows) {
    List<AnsweredOutput> all = new ArrayList<>(outputs.length);
    for (int i = 0; i < outputs.length; i++) {
      all.add(of(specs.get(i).name(), outputs[i], rowFrom, rows));
    }
    return all;
  }

  private static AnsweredOutput of(String name, OutputTensor output, int rowFrom, int rows) {
    long[] shape = output.shape();
    int begin = 0;
    int end = output.byteLength();
    if (rows != WHOLE) {
      shape = shape.clone();
      shape[0] = rows;
      begin = output.rowOffset(rowFrom);
      end = output.rowOffset(rowFrom + rows);
    }
    ByteBuffer data = output.data().slice(begin, end - begin).order(ByteOrder.LITTLE_ENDIAN);
    return new AnsweredOutput(name, output.dataType(), shape, data);
  }

  /** The same in memory of its own. */
  public AnsweredOutput copy() {
    ByteBuffer bytes = ByteBuffer.allocate(data.limit()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(0, data, 0, data.limit());
    return new AnsweredOutput(name, dataType, shape.clone(), bytes);
  }
}
