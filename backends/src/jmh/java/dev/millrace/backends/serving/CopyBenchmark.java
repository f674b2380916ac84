// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.shadow.AnsweredOutput;
import dev.millrace.backends.shadow.Divergence;
import dev.millrace.backends.shadow.Tolerance;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What a request that is sampled for a shadow costs the thread that has answered it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CopyBenchmark {
  /** What the transport reads into. */
  private static final int SLICE_BYTES = 16 * 1024;

  private static final int OUTPUT_BYTES = 4000;

  @Param({"64", "4096", "602112"})
  private int tensorBytes;

  private RequestCopy view;
  private List<AnsweredOutput> other;

  @Setup
  public void make() {
    ByteBuffer message = ByteBuffer.allocateDirect(tensorBytes);
    List<ByteBuffer> slices = new ArrayList<>();
    for (int from = 0; from < tensorBytes; from += SLICE_BYTES) {
      slices.add(message.slice(from, Math.min(SLICE_BYTES, tensorBytes - from)));
    }
    long[] shape = {1, tensorBytes / Float.BYTES};
    TensorView tensor = new TensorView(DataType.FP32, shape, slices.toArray(ByteBuffer[]::new));
    view =
        new RequestCopy(
            List.of(new TensorSpec("x", DataType.FP32, shape)),
            List.of(tensor),
            List.of(output(1)),
            tensorBytes + OUTPUT_BYTES);
    other = List.of(output(1.0001f));
  }

  private static AnsweredOutput output(float value) {
    ByteBuffer data = ByteBuffer.allocateDirect(OUTPUT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at < OUTPUT_BYTES; at += Float.BYTES) {
      data.putFloat(at, value);
    }
    return new AnsweredOutput("y", DataType.FP32, new long[] {1, OUTPUT_BYTES / 4}, data);
  }

  @Benchmark
  public Object copy() {
    return view.copy();
  }

  /** On the shadow's thread: a thousand floats. */
  @Benchmark
  public Object compare() {
    return Divergence.between(view.answer(), other, Tolerance.DEFAULT);
  }
}
