// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.model.Closing;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs that a GPU has been told once and repeats: for each usual number of rows ORT captures the
 * kernels of a run as a CUDA graph, and replays it.
 *
 * <p>Two things are gained. Launching hundreds of small kernels one by one takes longer than they
 * run: a text model of 1 row took half the time. And a convolution of ORT's is planned anew,
 * whenever a run has another number of rows than the one before, which takes 10 to 500 ms for a
 * model; batches of varying size are what a batcher makes. A graph has its plan in it.
 *
 * <p>What has to hold, and does here:
 *
 * <ul>
 *   <li>Inputs and outputs stay where they are: in memory of the GPU that this owns, of the largest
 *       batch. A smaller one uses its beginning.
 *   <li>ORT keeps graphs by thread: captured and replayed by one, the replica's.
 *   <li>Graphs of one session share its memory for what is in between, so no two may run at a time,
 *       nor any other run of the session; and that memory must not be given back. The session is
 *       the runner's own.
 *   <li>Rows that fill up a batch hold what was there before: rows do not depend on each other
 *       ({@link BatchProof}), and nobody is answered from them.
 * </ul>
 */
final class CudaGraphs implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CudaGraphs.class);

  /** Of ORT's CUDA provider: which graph a run is; of a negative number, none. */
  private static final String RUN_KEY = "gpu_graph_id";

  private static final String NO_GRAPH = "-1";

  /** What all inputs and outputs may have on the GPU. */
  private static final long MOST_BYTES = 1L << 30;

  private final OrtSession session;
  private final RunPlan plan;
  private final int gpu;
  private final CudaRuntime cuda;
  private final OrtSession.RunOptions options;
  private final CaptureSizes sizes;
  private final long[] inputs;
  private final long[] outputs;
  private final List<IoBinding> bindings = new ArrayList<>();
  private @Nullable Thread thread;
  private int current = -1;

  /**
   * @param session of one runner, made for graphs
   * @param options of the runner's runs
   */
  CudaGraphs(
      OrtSession session, RunPlan plan, int gpu, CudaRuntime cuda, OrtSession.RunOptions options) {
    this.session = session;
    this.plan = plan;
    this.gpu = gpu;
    this.cuda = cuda;
    this.options = options;
    this.sizes = new CaptureSizes(plan.batched() ? plan.maxRows() : 1);
    this.inputs = new long[plan.inputs().size()];
    this.outputs = new long[plan.outputs().size()];
  }

  /** Has runs be ordinary ones, whatever their session was made for. */
  static void none(OrtSession.RunOptions options) {
    try {
      options.addRunConfigEntry(RUN_KEY, NO_GRAPH);
    } catch (OrtException e) {
      throw new IllegalStateException(Ort.message(e), e);
    }
  }

  /** Why a model's runs cannot be captured; empty if they may be. */
  static Optional<String> objection(RunPlan plan) {
    if (!plan.fixedInputs()) {
      return Optional.of("shapes of its inputs vary");
    }
    for (TensorSpec input : plan.inputs()) {
      if (input.dataType() == DataType.BYTES) {
        return Optional.of("input '" + input.name() + "' has strings");
      }
    }
    long bytes = 0;
    int rows = plan.batched() ? plan.maxRows() : 1;
    for (int i = 0; i < plan.outputs().size(); i++) {
      if (plan.pinned().get(i).dims() == null) {
        return Optional.of(
            "the shape of output '%s' varies".formatted(plan.outputs().get(i).name()));
      }
      bytes += bytes(plan.outputs().get(i), outputShape(plan, i, rows));
    }
    for (TensorSpec input : plan.inputs()) {
      bytes += bytes(input, inputShape(plan, input, rows));
    }
    return bytes <= MOST_BYTES
        ? Optional.empty()
        : Optional.of(
            "a batch of %d rows has %d bytes (at most %d)".formatted(rows, bytes, MOST_BYTES));
  }

  private static long[] inputShape(RunPlan plan, TensorSpec input, long rows) {
    long[] shape = input.shape().clone();
    if (plan.batched()) {
      shape[0] = rows;
    }
    return shape;
  }

  private static long[] outputShape(RunPlan plan, int output, long rows) {
    long[] shape = Binding.pinnedShape(plan, output, rows);
    if (shape == null) {
      throw new IllegalArgumentException("output " + output + " has no fixed shape");
    }
    return shape;
  }

  private static long bytes(TensorSpec spec, long[] shape) {
    return Shapes.elements(shape) * spec.dataType().byteSize();
  }

  /**
   * Captures all sizes, the small ones first, as far as the time allows and moments are found for
   * it; by the thread that is to run them.
   *
   * @param mostMillis of planning; waiting for other models is not counted
   */
  void capture(long mostMillis) throws OrtException {
    allocate();
    thread = Thread.currentThread();
    long nanosLeft = TimeUnit.MILLISECONDS.toNanos(mostMillis);
    for (int i = 0; i < sizes.count() && nanosLeft > 0; i++) {
      IoBinding binding = bind(sizes.rows(i));
      try {
        nanosLeft -= runOrdinarily(binding);
        if (!capture(binding, i)) {
          log.warn("gpu:{}: no moment to capture {} rows between other runs", gpu, sizes.rows(i));
          binding.close();
          return;
        }
      } catch (OrtException | RuntimeException e) {
        binding.close();
        throw e;
      }
      bindings.add(binding);
    }
  }

  /** The numbers of rows that there are graphs for. */
  int[] captured() {
    return IntStream.range(0, bindings.size()).map(sizes::rows).toArray();
  }

  /** Has convolutions planned for this number of rows, which takes long: others may run. */
  private long runOrdinarily(IoBinding binding) throws OrtException {
    Lock shared = CaptureLock.GPUS.shared();
    CaptureLock.GPUS.enter(shared);
    try {
      long begin = System.nanoTime();
      chooseNone();
      binding.run(options);
      return System.nanoTime() - begin;
    } finally {
      shared.unlock();
    }
  }

  private boolean capture(IoBinding binding, int size) throws OrtException {
    return CaptureLock.GPUS.alone(
        () -> {
          choose(size);
          binding.run(options);
        });
  }

  private void allocate() throws OrtException {
    Lock shared = CaptureLock.GPUS.shared();
    CaptureLock.GPUS.enter(shared);
    try {
      cuda.use(gpu);
      allocateAll();
      cuda.awaitCopies();
    } finally {
      shared.unlock();
    }
  }

  private void allocateAll() throws OrtException {
    int rows = sizes.rows(sizes.count() - 1);
    for (int i = 0; i < inputs.length; i++) {
      TensorSpec input = plan.inputs().get(i);
      long bytes = bytes(input, inputShape(plan, input, rows));
      inputs[i] = cuda.allocate(bytes);
      // what fills up the first batches, and is captured with: no indices out of range, say
      cuda.clear(inputs[i], bytes);
    }
    for (int i = 0; i < outputs.length; i++) {
      outputs[i] = cuda.allocate(bytes(plan.outputs().get(i), outputShape(plan, i, rows)));
    }
  }

  private IoBinding bind(int rows) throws OrtException {
    IoBinding binding = new IoBinding(session, gpu);
    try {
      for (int i = 0; i < inputs.length; i++) {
        TensorSpec input = plan.inputs().get(i);
        long[] shape = inputShape(plan, input, rows);
        binding.input(plan.fedNames().get(i), tensor(inputs[i], input, shape));
      }
      for (int i = 0; i < outputs.length; i++) {
        TensorSpec output = plan.outputs().get(i);
        binding.output(output.name(), tensor(outputs[i], output, outputShape(plan, i, rows)));
      }
      return binding;
    } catch (OrtException | RuntimeException e) {
      binding.close();
      throw e;
    }
  }

  private static IoBinding.Tensor tensor(long address, TensorSpec spec, long[] shape) {
    return new IoBinding.Tensor(
        address, bytes(spec, shape), ElementType.onnx(spec.dataType()), shape);
  }

  /** Whether there is a graph for so many rows, and this is the thread that has it. */
  boolean has(int rows) {
    return thread == Thread.currentThread() && sizes.indexFor(rows) < bindings.size();
  }

  /**
   * Replays.
   *
   * @param rows that {@link #has} was asked for
   * @param gathered the inputs' slabs
   * @param inputBytes of the rows, by input
   * @param answers where the outputs go
   */
  void run(int rows, Slab[] gathered, long[] inputBytes, @Nullable OutputTensor[] answers)
      throws OrtException {
    int size = sizes.indexFor(rows);
    for (int i = 0; i < inputs.length; i++) {
      cuda.copyTo(inputs[i], gathered[i].segment(), inputBytes[i]);
    }
    cuda.awaitCopies();
    choose(size);
    bindings.get(size).run(options);
    for (int i = 0; i < outputs.length; i++) {
      OutputTensor answer = answers[i];
      if (answer != null) {
        ByteBuffer data = answer.data();
        cuda.copyFrom(outputs[i], MemorySegment.ofBuffer(data), answer.byteLength());
      }
    }
  }

  /** Before a run that is no graph. */
  void chooseNone() {
    if (current >= 0) {
      none(options);
      current = -1;
    }
  }

  private void choose(int size) throws OrtException {
    if (current != size) {
      options.addRunConfigEntry(RUN_KEY, Integer.toString(size));
      current = size;
    }
  }

  /** To be called before its session and the options are closed; runs are ordinary ones again. */
  @Override
  public void close() {
    thread = null;
    List<Runnable> steps = new ArrayList<>();
    steps.add(this::chooseNone);
    bindings.forEach(binding -> steps.add(binding::close));
    bindings.clear();
    steps.add(this::free);
    Closing.all(steps);
  }

  private void free() {
    Lock shared = CaptureLock.GPUS.shared();
    try {
      CaptureLock.GPUS.enter(shared);
    } catch (OrtException e) {
      log.debug("gpu:{}: {}", gpu, Ort.message(e)); // as good as gone
      return;
    }
    try {
      free(inputs);
      free(outputs);
    } finally {
      shared.unlock();
    }
  }

  private void free(long[] addresses) {
    for (long address : addresses) {
      try {
        cuda.use(gpu);
        cuda.free(address);
      } catch (OrtException e) {
        // the GPU is gone, and its memory with it
        log.debug("gpu:{}: {}", gpu, Ort.message(e));
      }
    }
  }
}
