// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.InputChecker;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.shadow.AnsweredOutput;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A request that was answered, and its answer.
 *
 * @param specs of its inputs, in the order of the tensors
 * @param bytes of all of it
 */
record RequestCopy(
    List<TensorSpec> specs, List<TensorView> tensors, List<AnsweredOutput> answer, long bytes)
    implements InputChecker.Given {

  /** Not a copy yet: valid as long as the task's tensors and the outputs are. */
  static RequestCopy view(InferTask task, OutputTensor[] outputs, int rowFrom) {
    ModelSignature signature = task.served().signature();
    int rows = signature.isBatched() ? task.rows() : AnsweredOutput.WHOLE;
    List<AnsweredOutput> answer = AnsweredOutput.all(signature.outputs(), outputs, rowFrom, rows);
    List<TensorView> tensors = new ArrayList<>(signature.inputs().size());
    long bytes = 0;
    for (int i = 0; i < signature.inputs().size(); i++) {
      tensors.add(task.input(i));
      bytes += task.input(i).byteLength();
    }
    for (AnsweredOutput output : answer) {
      bytes += output.data().limit();
    }
    return new RequestCopy(signature.inputs(), tensors, answer, bytes);
  }

  /** The same in memory of its own. */
  RequestCopy copy() {
    return new RequestCopy(
        specs,
        tensors.stream().map(RequestCopy::copy).toList(),
        answer.stream().map(AnsweredOutput::copy).toList(),
        bytes);
  }

  private static TensorView copy(TensorView tensor) {
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(tensor.byteLength()));
    tensor.copyTo(bytes, 0);
    return new TensorView(tensor.dataType(), tensor.shape().clone(), bytes);
  }

  @Override
  public int count() {
    return tensors.size();
  }

  @Override
  public String name(int index) {
    return specs.get(index).name();
  }

  @Override
  public TensorView tensor(int index) {
    return tensors.get(index);
  }
}
