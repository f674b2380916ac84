// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.echo;

import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Copies inputs to outputs, and takes its time. */
final class EchoRunner implements Runner {
  private final EchoSettings settings;
  private final IntConsumer beforeRun;
  private final Runnable onClose;
  private boolean closed;

  /** Whether the run that has begun last is to end. */
  private volatile boolean terminated;

  /** Where a run is in progress; null if none is. */
  private volatile @Nullable Thread running;

  private RunTimes lastTimes = new RunTimes(0, 0, 0);

  EchoRunner(EchoSettings settings, IntConsumer beforeRun, Runnable onClose) {
    this.settings = settings;
    this.beforeRun = beforeRun;
    this.onClose = onClose;
  }

  @Override
  public OutputTensor[] run(List<? extends ModelInputs> requests, int rows)
      throws ModelRunException {
    if (closed) {
      throw new IllegalStateException("the runner is closed");
    }
    if (terminated) {
      terminated = false;
    }
    running = Thread.currentThread();
    try {
      return answer(requests, rows);
    } finally {
      running = null;
    }
  }

  /** What is set behind the end of a run does not outlive the beginning of the next. */
  @Override
  public void terminate() {
    terminated = true;
    LockSupport.unpark(running);
  }

  private OutputTensor[] answer(List<? extends ModelInputs> requests, int rows)
      throws ModelRunException {
    long start = System.nanoTime();
    List<TensorSpec> inputs = settings.signature().inputs();
    List<TensorSpec> outputs = settings.signature().outputs();
    OutputTensor[] answers = new OutputTensor[outputs.size()];
    for (int i = 0; i < answers.length; i++) {
      answers[i] = joined(requests, i % inputs.size(), rows);
    }
    long gathered = System.nanoTime();
    beforeRun.accept(rows);
    takeTime(settings.delayNanosPerBatch() + rows * settings.delayNanosPerRow());
    if (anyHolds(requests, settings.hangWhen())) {
      takeTime(Long.MAX_VALUE);
    }
    if (anyHolds(requests, settings.failWhen())) {
      throw new ModelRunException("the input holds " + settings.failWhen(), null);
    }
    lastTimes = new RunTimes(gathered - start, System.nanoTime() - gathered, 0);
    return answers;
  }

  private OutputTensor joined(List<? extends ModelInputs> requests, int input, int rows) {
    TensorView first = requests.get(0).input(input);
    long[] shape = first.shape().clone();
    if (settings.signature().isBatched()) {
      shape[0] = settings.wrongShape() ? rows + 1L : rows;
    }
    long length = 0;
    for (ModelInputs request : requests) {
      length += request.input(input).byteLength();
    }
    ByteBuffer data = ByteBuffer.allocate(Math.toIntExact(length)).order(ByteOrder.LITTLE_ENDIAN);
    int end = 0;
    for (ModelInputs request : requests) {
      end = request.input(input).copyTo(data, end);
    }
    return first.dataType() == DataType.BYTES
        ? new OutputTensor(DataType.BYTES, shape, data, elementOffsets(data))
        : new OutputTensor(first.dataType(), shape, data);
  }

  private static int[] elementOffsets(ByteBuffer strings) {
    List<Integer> offsets = new ArrayList<>();
    int position = 0;
    while (position < strings.limit()) {
      offsets.add(position);
      position += 4 + strings.getInt(position);
    }
    offsets.add(position);
    return offsets.stream().mapToInt(Integer::intValue).toArray();
  }

  private void takeTime(long delayNanos) throws ModelRunException {
    if (delayNanos == 0) {
      return;
    }
    long start = System.nanoTime();
    for (long left; (left = delayNanos - (System.nanoTime() - start)) > 0; ) {
      if (terminated) {
        throw new ModelRunException("the run was terminated", null);
      }
      if (settings.spin()) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(this, left);
      }
    }
  }

  private static boolean anyHolds(List<? extends ModelInputs> requests, String value) {
    if (value.isEmpty()) {
      return false;
    }
    for (ModelInputs request : requests) {
      if (holds(request.input(0), value)) {
        return true;
      }
    }
    return false;
  }

  private static boolean holds(TensorView view, String wanted) {
    ByteBuffer data = view.contiguous().duplicate().order(ByteOrder.LITTLE_ENDIAN);
    int position = data.position();
    while (position < data.limit()) {
      int size = view.dataType().byteSize();
      String value;
      if (view.dataType() == DataType.BYTES) {
        byte[] text = new byte[data.getInt(position)];
        data.get(position + 4, text);
        value = new String(text, StandardCharsets.UTF_8);
        size = 4 + text.length;
      } else {
        value = text(data, position, view.dataType());
      }
      if (value.equals(wanted)) {
        return true;
      }
      position += size;
    }
    return false;
  }

  /** An element as text: whole numbers without a fraction, whatever their type. */
  private static String text(ByteBuffer data, int at, DataType type) {
    double real =
        switch (type) {
          case FP32 -> data.getFloat(at);
          case FP64 -> data.getDouble(at);
          case FP16 -> Float.float16ToFloat(data.getShort(at));
          case BF16 -> Float.intBitsToFloat(data.getShort(at) << 16);
          case BOOL, INT8, UINT8 -> data.get(at);
          case INT16, UINT16 -> data.getShort(at);
          case INT32, UINT32 -> data.getInt(at);
          case INT64, UINT64 -> data.getLong(at);
          case BYTES -> throw new IllegalArgumentException("BYTES"); // read by the caller
        };
    return real == Math.rint(real) && Math.abs(real) < 1e15
        ? Long.toString((long) real)
        : Double.toString(real);
  }

  @Override
  public RunTimes lastTimes() {
    return lastTimes;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      onClose.run();
    }
  }
}
