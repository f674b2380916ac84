// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.TestInputs;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The requests of a batch, a row each, from the transport's slices into the runner's slab. Time of
 * the whole batch.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class GatherBenchmark {
  /** What the transport reads into. */
  private static final int SLICE_BYTES = 16 * 1024;

  /** What stands before a tensor in its message, so that no slice is aligned. */
  private static final int HEAD_BYTES = 57;

  @Param({"1", "32"})
  private int requests;

  @Param({"64", "602112"})
  private int tensorBytes;

  private OrtSession session;
  private OnnxRunner runner;
  private List<TestInputs> batch;
  private Binding binding;

  @Setup
  public void load() throws OrtException, ModelRunException {
    int floats = tensorBytes / Float.BYTES;
    RunPlan plan =
        new RunPlan(
            List.of(new TensorSpec("x", DataType.FP32, -1, floats)),
            List.of("x"),
            List.of(new TensorSpec("y", DataType.FP32, -1, floats)),
            true,
            requests,
            true,
            Set.of(),
            List.of(new RunPlan.PinnedShape(new long[] {-1, floats})));
    session = Ort.environment().createSession(OnnxModels.identity(DataType.FP32, "n", floats));
    runner = new OnnxRunner(session, Device.CPU, plan, Optional.empty(), () -> {});
    batch = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      batch.add(TestInputs.of(1, fromTheWire(floats)));
    }
    binding = runner.bindingFor(batch, requests);
  }

  private TensorView fromTheWire(int floats) {
    ByteBuffer message = ByteBuffer.allocateDirect(HEAD_BYTES + tensorBytes);
    List<ByteBuffer> slices = new ArrayList<>();
    int from = HEAD_BYTES;
    while (from < message.capacity()) {
      int end = Math.min((from / SLICE_BYTES + 1) * SLICE_BYTES, message.capacity());
      slices.add(message.slice(from, end - from));
      from = end;
    }
    return new TensorView(DataType.FP32, new long[] {1, floats}, slices.toArray(ByteBuffer[]::new));
  }

  @TearDown
  public void close() throws OrtException {
    runner.close();
    session.close();
  }

  @Benchmark
  public void gather() throws OrtException, ModelRunException {
    runner.gather(batch, binding);
  }
}
