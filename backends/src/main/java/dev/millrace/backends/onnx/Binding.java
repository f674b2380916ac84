// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.Shapes;
import dev.millrace.backends.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * ORT's tensors over a runner's slabs for one set of input shapes, ready to be run again and again:
 * a run of a shape seen before makes no tensor. Good only as long as the slabs stay where they are.
 */
final class Binding implements AutoCloseable {
  private static final long MOST_STRINGS_KEPT = 4096;

  final OnnxTensor[] inputs;
  final long[] inputBytes;
  final Map<String, OnnxTensor> feeds = new LinkedHashMap<>();
  final Map<String, OnnxTensor> pins = new LinkedHashMap<>();

  /** Outputs that ORT is to allocate. */
  final Set<String> unpinned = new LinkedHashSet<>();

  /** Holds the addresses of {@link #prepared}; freed with this binding. */
  private final Arena arena = Arena.ofAuto();

  /** A run without ORT's Java binding; null where ORT allocates an output. */
  OrtMemory.@Nullable PreparedRun prepared;

  /** Per output what the caller gets if it is pinned; null where ORT allocates. */
  final @Nullable OutputTensor[] outputs;

  private Binding(int inputCount, int outputCount) {
    this.inputs = new OnnxTensor[inputCount];
    this.inputBytes = new long[inputCount];
    this.outputs = new OutputTensor[outputCount];
  }

  /** Tensors for these input shapes, over slabs that have been made to fit. */
  static Binding create(
      OrtSession session,
      RunPlan plan,
      long[][] shapes,
      long rows,
      Slab[] inputSlabs,
      Slab[] outputSlabs,
      boolean pin)
      throws OrtException {
    Binding binding = new Binding(shapes.length, plan.outputs().size());
    try {
      for (int i = 0; i < shapes.length; i++) {
        OnnxTensor tensor = binding.input(plan.inputs().get(i), i, shapes[i], inputSlabs[i]);
        binding.inputs[i] = tensor;
        binding.feeds.put(plan.fedNames().get(i), tensor);
      }
      for (int i = 0; i < plan.outputs().size(); i++) {
        TensorSpec output = plan.outputs().get(i);
        long[] shape = pin ? pinnedShape(plan, i, rows) : null;
        if (shape == null) {
          binding.unpinned.add(output.name());
        } else {
          binding.pin(output, i, shape, outputSlabs[i]);
        }
      }
      if (binding.unpinned.isEmpty()) {
        binding.prepared =
            new OrtMemory.PreparedRun(session, binding.feeds, binding.pins, binding.arena);
      }
      return binding;
    } catch (OrtException | RuntimeException e) {
      binding.close();
      throw e;
    }
  }

  /** The full shape of a pinned output, or null if it is not pinned. */
  static long @Nullable [] pinnedShape(RunPlan plan, int output, long rows) {
    long[] dims = plan.pinned().get(output).dims();
    if (dims == null) {
      return null;
    }
    long[] shape = dims.clone();
    if (plan.batched()) {
      shape[0] = rows;
    }
    return shape;
  }

  private OnnxTensor input(TensorSpec spec, int index, long[] shape, Slab slab)
      throws OrtException {
    long elements = Shapes.elements(shape);
    if (spec.dataType() == DataType.BYTES) {
      String[] empty = new String[Math.toIntExact(elements)];
      Arrays.fill(empty, "");
      return OnnxTensor.createTensor(Ort.environment(), empty, shape);
    }
    inputBytes[index] = elements * spec.dataType().byteSize();
    return OnnxTensor.createTensor(
        Ort.environment(),
        slab.slice(inputBytes[index]),
        shape,
        ElementType.javaType(spec.dataType()));
  }

  private void pin(TensorSpec spec, int index, long[] shape, Slab slab) throws OrtException {
    ByteBuffer memory = slab.slice(Shapes.elements(shape) * spec.dataType().byteSize());
    pins.put(
        spec.name(),
        OnnxTensor.createTensor(
            Ort.environment(), memory, shape, ElementType.javaType(spec.dataType())));
    outputs[index] = new OutputTensor(spec.dataType(), shape, memory);
  }

  /** Whether ORT keeps so many strings for this binding that it is not to be kept itself. */
  boolean holdsManyStrings() {
    for (int i = 0; i < inputs.length; i++) {
      if (inputBytes[i] == 0 && inputs[i].getInfo().getNumElements() > MOST_STRINGS_KEPT) {
        return true;
      }
    }
    return false;
  }

  int openTensors() {
    return feeds.size() + pins.size();
  }

  @Override
  public void close() {
    feeds.values().forEach(OnnxTensor::close);
    feeds.clear();
    pins.values().forEach(OnnxTensor::close);
    pins.clear();
    prepared = null;
  }
}
