// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceFault;
import dev.millrace.backends.model.Closing;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.backends.tensor.TensorView;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs batches on an ORT session: gathers the rows of all requests into one slab per input, has ORT
 * write outputs of known shape into slabs too, and reads the others where ORT put them. A tensor is
 * copied once on the way in and not at all on the way out.
 *
 * <p>Owned by one thread at a time; several runners share the session, which is stateless.
 */
final class OnnxRunner implements Runner {
  private static final Logger log = LoggerFactory.getLogger(OnnxRunner.class);

  /** A row of zeros that shows the dimensions of an answer without rows. */
  private static final long MOST_ZERO_ROW_BYTES = 1 << 20;

  /** For all sizes of a large model; of those that are left the GPU is told kernel by kernel. */
  private static final long MOST_CAPTURE_MILLIS = 20_000;

  private final OrtSession session;
  private final Device device;
  private final Optional<GpuArena> arena;
  private final Optional<Captures> captures;

  /** Held while the GPU is called. */
  private final Optional<Lock> guard;

  private Optional<CudaGraphs> graphs = Optional.empty();
  private final RunPlan plan;
  private final Runnable onClose;
  private final Slab[] inputSlabs;
  private final Slab[] outputSlabs;
  private final BindingCache bindings;
  private final OrtMemory tensors = new OrtMemory();
  private final Termination termination = new Termination();
  private final OutputTensor[] outputs;

  /** Keeps alive the memory of the last run's outputs that ORT allocated. */
  private OrtSession.@Nullable Result lastResult;

  private boolean pinning = true;
  private boolean closed;
  private long gatherNanos;
  private long runNanos;
  private long collectNanos;

  /**
   * @param device that the session runs on
   * @param captures for runs that are captured: the session is this runner's alone then
   * @param onClose called once, when this runner no longer uses the session
   */
  OnnxRunner(
      OrtSession session,
      Device device,
      RunPlan plan,
      Optional<Captures> captures,
      Runnable onClose) {
    this.session = session;
    this.device = device;
    this.captures = captures;
    this.guard = device.isGpu() ? Optional.of(CaptureLock.GPUS.shared()) : Optional.empty();
    if (device.isGpu()) {
      CudaGraphs.none(termination.options());
    }
    // what graphs use in between is free in the arena's eyes, and has to stay
    this.arena =
        device.isGpu() && captures.isEmpty()
            ? Optional.of(new GpuArena(device.toString(), termination.options()))
            : Optional.empty();
    this.plan = plan;
    this.onClose = onClose;
    HostMemory memory = PinnedMemory.of(device);
    this.inputSlabs = slabs(plan.inputs().size(), memory);
    this.outputSlabs = slabs(plan.outputs().size(), memory);
    this.bindings = new BindingCache(plan.batched() ? plan.maxRows() : 1);
    this.outputs = new OutputTensor[plan.outputs().size()];
  }

  private static Slab[] slabs(int count, HostMemory memory) {
    Slab[] slabs = new Slab[count];
    for (int i = 0; i < count; i++) {
      slabs[i] = new Slab(memory);
    }
    return slabs;
  }

  @Override
  public OutputTensor[] run(List<? extends ModelInputs> requests, int rows)
      throws ModelRunException {
    if (closed) {
      throw new IllegalStateException("the runner is closed");
    }
    termination.begin();
    release();
    gatherNanos = 0;
    runNanos = 0;
    collectNanos = 0;
    return rows == 0 && plan.batched() ? answerNoRows(requests.get(0)) : runRows(requests, rows);
  }

  @Override
  public void attach() throws ModelRunException {
    if (captures.isEmpty() || graphs.isPresent()) {
      return;
    }
    CudaGraphs fresh =
        new CudaGraphs(session, plan, device.index(), captures.get().cuda(), termination.options());
    graphs = Optional.of(fresh);
    String objection;
    try {
      objection = capture(fresh, captures.get().trial());
    } catch (ModelRunException e) {
      if (e.fault() == DeviceFault.DEVICE_LOST) {
        Closing.after(e, this::withoutGraphs);
        throw e; // whatever is run there now fails as well
      }
      objection = String.valueOf(e.getMessage());
    } catch (RuntimeException e) {
      objection = e.toString();
    }
    if (!objection.isEmpty()) {
      log.warn("{}: no CUDA graphs: {}", device, objection);
      try {
        withoutGraphs();
      } catch (RuntimeException e) {
        log.warn("{}: not all of the memory for CUDA graphs is freed", device, e);
      }
    }
  }

  /** Captures and tries; returns what is against it, or an empty text. */
  private String capture(CudaGraphs fresh, CaptureTrial trial) throws ModelRunException {
    try {
      fresh.capture(MOST_CAPTURE_MILLIS);
    } catch (OrtException e) {
      throw ModelRunException.on(device, Ort.message(e), e);
    }
    int[] sizes = fresh.captured();
    if (sizes.length == 0) {
      return "none was captured";
    }
    Optional<String> difference = trial.difference(this, sizes);
    if (difference.isEmpty()) {
      log.info("{}: CUDA graphs for up to {} rows", device, sizes[sizes.length - 1]);
    }
    return difference.map(text -> "they answer otherwise: " + text).orElse("");
  }

  private void withoutGraphs() {
    Optional<CudaGraphs> given = graphs;
    graphs = Optional.empty();
    given.ifPresent(CudaGraphs::close);
  }

  private OutputTensor[] runRows(List<? extends ModelInputs> requests, int rows)
      throws ModelRunException {
    try {
      long start = System.nanoTime();
      Binding binding = bindingFor(requests, rows);
      gather(requests, binding);
      long gathered = System.nanoTime();
      if (guard.isPresent()) {
        CaptureLock.GPUS.enter(guard.get());
      }
      try {
        binding = execute(binding, requests, rows);
      } finally {
        guard.ifPresent(Lock::unlock);
      }
      long ran = System.nanoTime();
      collect(binding, requests.size(), rows);
      gatherNanos = gathered - start;
      runNanos = ran - gathered;
      collectNanos = System.nanoTime() - ran;
      return outputs;
    } catch (OrtException e) {
      throw termination.isRequested()
          ? new ModelRunException("the run was terminated", e)
          : ModelRunException.on(device, Ort.message(e), e);
    }
  }

  @Override
  public void terminate() {
    termination.terminate();
  }

  /**
   * Answers a request without rows. ORT is not asked: some of its kernels divide by the number of
   * rows, which takes the process down. Where an output's other dimensions are not known, a row of
   * zeros shows them.
   */
  private OutputTensor[] answerNoRows(ModelInputs request) throws ModelRunException {
    OutputTensor[] oneRow = outputs;
    if (!allDimsKnown()) {
      oneRow = runRows(List.of(zeroRow(request)), 1);
    }
    for (int i = 0; i < outputs.length; i++) {
      TensorSpec output = plan.outputs().get(i);
      long[] shape = Binding.pinnedShape(plan, i, 0);
      if (shape == null) {
        shape = (isKnown(output) ? output.shape() : oneRow[i].shape()).clone();
        shape[0] = 0;
      }
      outputs[i] =
          output.dataType() == DataType.BYTES
              ? new OutputTensor(DataType.BYTES, shape, ByteBuffer.allocate(0), new int[1])
              : new OutputTensor(output.dataType(), shape, ByteBuffer.allocate(0));
    }
    return outputs;
  }

  /** A header is enough to ask for it: it must not cost more than a request with data would. */
  private ZeroRow zeroRow(ModelInputs request) throws ModelRunException {
    for (int i = 0; i < plan.inputs().size(); i++) {
      long[] shape = request.input(i).shape().clone();
      shape[0] = 1;
      if (bytes(plan.inputs().get(i), shape) > MOST_ZERO_ROW_BYTES) {
        throw ModelRunException.invalid(
            "input '%s' has shape %s: too large to find out what no rows of it give"
                .formatted(plan.inputs().get(i).name(), Shapes.format(request.input(i).shape())),
            null);
      }
    }
    return new ZeroRow(request);
  }

  private boolean allDimsKnown() {
    for (int i = 0; i < outputs.length; i++) {
      if (plan.pinned().get(i).dims() == null && !isKnown(plan.outputs().get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isKnown(TensorSpec output) {
    return Arrays.stream(output.shape()).skip(1).allMatch(dim -> dim >= 0);
  }

  /** The tensors that a run of these requests reads and writes. */
  Binding bindingFor(List<? extends ModelInputs> requests, int rows)
      throws OrtException, ModelRunException {
    int key = plan.batched() ? rows : 1;
    if (plan.fixedInputs()) {
      Binding kept = bindings.get(key);
      if (kept != null) {
        return kept;
      }
    }
    long[][] shapes = shapes(requests.get(0), rows);
    if (!plan.fixedInputs()) {
      Binding kept = bindings.get(shapes);
      if (kept != null) {
        return kept;
      }
    }
    refuseFatal(shapes);
    fitSlabs(shapes, rows);
    Binding binding = Binding.create(session, plan, shapes, rows, inputSlabs, outputSlabs, pinning);
    if (binding.holdsManyStrings()) {
      bindings.pass(binding);
    } else if (plan.fixedInputs()) {
      bindings.put(key, binding);
    } else {
      bindings.put(shapes, binding);
    }
    return binding;
  }

  private long[][] shapes(ModelInputs first, int rows) {
    long[][] shapes = new long[inputSlabs.length][];
    for (int i = 0; i < shapes.length; i++) {
      shapes[i] = first.input(i).shape();
      if (plan.batched() && shapes[i][0] != rows) {
        shapes[i] = shapes[i].clone();
        shapes[i][0] = rows;
      }
    }
    return shapes;
  }

  /** A request must not take the process down, and its neighbours with it. */
  private void refuseFatal(long[][] shapes) throws ModelRunException {
    if (plan.fatalOperators().isEmpty()) {
      return;
    }
    for (int i = 0; i < shapes.length; i++) {
      boolean harmless =
          shapes[i].length == 1 && RunPlan.HARMLESS_TO_VECTORS.containsAll(plan.fatalOperators());
      if (Shapes.elements(shapes[i]) == 0 && !harmless) {
        throw ModelRunException.invalid(
            "input '%s' has shape %s: the model's %s cannot run without elements"
                .formatted(
                    plan.inputs().get(i).name(),
                    Shapes.format(shapes[i]),
                    String.join(", ", plan.fatalOperators())),
            null);
      }
    }
  }

  /**
   * Makes room for these shapes. Every size is known to be possible before anything moves, and the
   * bindings are closed before the memory that they point to goes: a binding that survived its
   * memory would have ORT read what is no longer ours.
   */
  private void fitSlabs(long[][] shapes, int rows) throws ModelRunException {
    long[] inputBytes = new long[inputSlabs.length];
    long[] outputBytes = new long[outputSlabs.length];
    boolean moves = false;
    for (int i = 0; i < inputBytes.length; i++) {
      inputBytes[i] = bytes(plan.inputs().get(i), shapes[i]);
      moves |= inputSlabs[i].wouldMove(inputBytes[i]);
    }
    for (int i = 0; i < outputBytes.length; i++) {
      long[] shape = pinning ? Binding.pinnedShape(plan, i, rows) : null;
      outputBytes[i] = shape == null ? 0 : bytes(plan.outputs().get(i), shape);
      moves |= outputSlabs[i].wouldMove(outputBytes[i]);
    }
    if (!moves) {
      return;
    }
    bindings.close();
    for (int i = 0; i < inputBytes.length; i++) {
      inputSlabs[i].fit(inputBytes[i]);
    }
    for (int i = 0; i < outputBytes.length; i++) {
      outputSlabs[i].fit(outputBytes[i]);
    }
  }

  private static long bytes(TensorSpec spec, long[] shape) throws ModelRunException {
    try {
      long bytes = Math.multiplyExact(Shapes.elements(shape), spec.dataType().byteSize());
      if (bytes <= Integer.MAX_VALUE) {
        return bytes;
      }
    } catch (ArithmeticException e) {
      // larger still
    }
    throw ModelRunException.invalid(
        "tensor '%s' of shape %s: more than %d bytes"
            .formatted(spec.name(), Shapes.format(shape), Integer.MAX_VALUE),
        null);
  }

  /** Copies the rows of all requests to where the binding's tensors are. */
  void gather(List<? extends ModelInputs> requests, Binding binding)
      throws OrtException, ModelRunException {
    for (int i = 0; i < inputSlabs.length; i++) {
      boolean strings = plan.inputs().get(i).dataType() == DataType.BYTES;
      long expected =
          strings ? binding.inputs[i].getInfo().getNumElements() : binding.inputBytes[i];
      checkSize(requests, i, strings ? -1 : expected);
      long end = 0;
      for (int r = 0; r < requests.size(); r++) {
        TensorView view = requests.get(r).input(i);
        end =
            strings
                ? tensors.putStrings(binding.inputs[i], end, view)
                : view.copyTo(inputSlabs[i].buffer(), (int) end);
      }
      if (end != expected) {
        throw ModelRunException.invalid(
            "input '%s': %d elements (expected %d)"
                .formatted(plan.inputs().get(i).name(), end, expected),
            null);
      }
    }
  }

  /** A last line of defence: what is written to a slab has to be what the tensor over it says. */
  private void checkSize(List<? extends ModelInputs> requests, int input, long expected)
      throws ModelRunException {
    if (expected < 0) {
      return;
    }
    long bytes = 0;
    for (int r = 0; r < requests.size(); r++) {
      bytes += requests.get(r).input(input).byteLength();
    }
    if (bytes != expected) {
      throw ModelRunException.invalid(
          "input '%s': %d bytes (expected %d)"
              .formatted(plan.inputs().get(input).name(), bytes, expected),
          null);
    }
  }

  /** Runs; returns the binding it ran with, which is another if the pinned shapes were wrong. */
  private Binding execute(Binding binding, List<? extends ModelInputs> requests, int rows)
      throws OrtException, ModelRunException {
    try {
      run(binding, rows);
      return binding;
    } catch (OrtException e) {
      if (binding.pins.isEmpty() || !isWrongShape(e)) {
        throw e;
      }
      pinning = false;
      bindings.close();
      Binding unpinned = bindingFor(requests, rows);
      gather(requests, unpinned);
      try {
        run(unpinned, rows);
      } catch (OrtException again) {
        pinning = true; // it was not the binding
        bindings.close();
        throw again;
      }
      log.warn("outputs are no longer bound to memory of a fixed shape: {}", Ort.message(e));
      return unpinned;
    }
  }

  private void run(Binding binding, int rows) throws OrtException {
    if (arena.isPresent()) {
      arena.get().before(Arrays.stream(binding.inputBytes).sum());
    }
    if (graphs.isPresent()) {
      if (binding.prepared != null && graphs.get().has(rows)) {
        graphs.get().run(rows, inputSlabs, binding.inputBytes, binding.outputs);
        return;
      }
      graphs.get().chooseNone();
    }
    if (binding.prepared != null) {
      binding.prepared.run(termination.options());
    } else {
      lastResult =
          session.run(binding.feeds, binding.unpinned, binding.pins, termination.options());
    }
  }

  private static boolean isWrongShape(OrtException e) {
    String text = Ort.message(e).toLowerCase(Locale.ROOT);
    return text.contains("shape") || text.contains("invalid dimensions");
  }

  private void collect(Binding binding, int requests, int rows) throws OrtException {
    for (int i = 0; i < outputs.length; i++) {
      OutputTensor pinned = binding.outputs[i];
      outputs[i] = pinned != null ? pinned : collect(plan.outputs().get(i));
      long[] shape = outputs[i].shape();
      if (requests > 1 && (shape.length == 0 || shape[0] != rows)) {
        throw new OrtException(
            "output '%s' has shape %s (expected %d rows)"
                .formatted(plan.outputs().get(i).name(), Shapes.format(shape), rows));
      }
    }
  }

  private OutputTensor collect(TensorSpec spec) throws OrtException {
    if (lastResult == null
        || !(lastResult.get(spec.name()).orElse(null) instanceof OnnxTensor tensor)) {
      throw new OrtException("output '" + spec.name() + "' is no tensor");
    }
    long[] shape = tensor.getInfo().getShape();
    long elements = Shapes.elements(shape);
    if (spec.dataType() == DataType.BYTES) {
      OrtMemory.Strings strings = tensors.strings(tensor, Math.toIntExact(elements));
      return new OutputTensor(DataType.BYTES, shape, strings.bytes(), strings.offsets());
    }
    return new OutputTensor(
        spec.dataType(), shape, tensors.data(tensor, elements * spec.dataType().byteSize()));
  }

  @Override
  public RunTimes lastTimes() {
    return new RunTimes(gatherNanos, runNanos, collectNanos);
  }

  /** Tensors that are open now. */
  int openTensors() {
    return bindings.openTensors();
  }

  /** Bytes of memory of its own. */
  long slabBytes() {
    long bytes = 0;
    for (Slab slab : inputSlabs) {
      bytes += slab.buffer().capacity();
    }
    for (Slab slab : outputSlabs) {
      bytes += slab.buffer().capacity();
    }
    return bytes;
  }

  @Override
  public void release() {
    bindings.closePassing();
    if (lastResult != null) {
      lastResult.close();
      lastResult = null;
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    List<Runnable> steps = new ArrayList<>();
    steps.add(this::release);
    steps.add(this::withoutGraphs);
    steps.add(termination::close);
    steps.add(bindings::close);
    for (Slab slab : inputSlabs) {
      steps.add(slab::close);
    }
    for (Slab slab : outputSlabs) {
      steps.add(slab::close);
    }
    steps.add(onClose);
    Closing.all(steps);
  }
}
