// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.CheckedInputs;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.InputChecker;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A request of some INT32 values to a {@link ScriptedBackend}, which keeps what became of it. */
final class RecordedTask extends InferTask {
  /** The values of the answer, or an {@link InferException} with the failure. */
  final CompletableFuture<List<Integer>> answer = new CompletableFuture<>();

  final AtomicInteger releases = new AtomicInteger();

  /** Where the answer leaves. */
  volatile CompletionSink sink = () -> {};

  private @Nullable List<Integer> values;
  private @Nullable Failure failure;

  private RecordedTask(ServedVersion served, CheckedInputs inputs, long nowNanos, Terms terms) {
    super(served, inputs, nowNanos, terms);
  }

  /** Sends values to a served version that the caller has leased. */
  static RecordedTask submit(ServedVersion served, long deadlineNanos, int... values)
      throws InferException {
    RecordedTask task = of(served, deadlineNanos, values);
    served.submit(task);
    return task;
  }

  /** A task of a served version that the caller has leased, not queued yet. */
  static RecordedTask of(ServedVersion served, long deadlineNanos, int... values)
      throws InferException {
    return of(served, Terms.Asked.until(deadlineNanos), values);
  }

  static RecordedTask of(ServedVersion served, Terms.Asked asked, int... values)
      throws InferException {
    long now = served.nanoTime();
    ByteBuffer bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      bytes.putInt(value);
    }
    TensorView tensor = new TensorView(DataType.INT32, new long[] {values.length}, bytes.flip());
    CheckedInputs inputs = served.checker().check(new One("x", tensor));
    return new RecordedTask(served, inputs, now, served.terms(now, asked));
  }

  @Override
  protected void succeeded(OutputTensor[] outputs, int rowFrom) {
    List<Integer> rows = new ArrayList<>();
    ByteBuffer data = outputs[0].data().duplicate().order(ByteOrder.LITTLE_ENDIAN);
    for (int row = rowFrom; row < rowFrom + rows(); row++) {
      rows.add(data.getInt(outputs[0].rowOffset(row)));
    }
    values = rows;
  }

  @Override
  protected void failed(Failure why) {
    failure = why;
  }

  @Override
  protected void depart() {
    boolean first =
        failure == null
            ? answer.complete(Objects.requireNonNull(values))
            : answer.completeExceptionally(new InferException(failure));
    if (!first) {
      throw new AssertionError("completed twice");
    }
  }

  @Override
  protected void released() {
    releases.incrementAndGet();
  }

  @Override
  protected CompletionSink sink() {
    return sink;
  }

  /** A request with one tensor. */
  record One(String inputName, TensorView view) implements InputChecker.Given {
    @Override
    public int count() {
      return 1;
    }

    @Override
    public String name(int index) {
      return inputName;
    }

    @Override
    public TensorView tensor(int index) {
      return view;
    }
  }
}
