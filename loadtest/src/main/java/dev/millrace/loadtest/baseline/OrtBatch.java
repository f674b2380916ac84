// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.baseline;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The inputs and outputs of one batch, allocated once, to be run again and again. */
final class OrtBatch implements AutoCloseable {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  // indices into any vocabulary
  private static final int VALUES = 100;

  private final OrtSession session;
  private final int rows;
  private final int length;
  private final Map<String, OnnxTensor> inputs;
  private final Map<String, OnnxTensor> outputs;

  private OrtBatch(
      OrtSession session,
      int rows,
      int length,
      Map<String, OnnxTensor> inputs,
      Map<String, OnnxTensor> outputs) {
    this.session = session;
    this.rows = rows;
    this.length = length;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /**
   * Allocates a batch.
   *
   * @param length of open axes other than the first
   */
  static OrtBatch create(OrtEnvironment environment, OrtSession session, int rows, int length)
      throws OrtException {
    Map<String, OnnxTensor> inputs = new HashMap<>();
    for (Map.Entry<String, NodeInfo> input : session.getInputInfo().entrySet()) {
      TensorInfo info = (TensorInfo) input.getValue().getInfo();
      OnnxTensor tensor = allocate(environment, info.type, shape(info, rows, length));
      inputs.put(input.getKey(), tensor);
    }
    Map<String, OnnxTensor> outputs = new HashMap<>();
    try (OrtSession.Result first = session.run(inputs)) {
      for (Map.Entry<String, ai.onnxruntime.OnnxValue> output : first) {
        TensorInfo info = (TensorInfo) output.getValue().getInfo();
        outputs.put(output.getKey(), allocate(environment, info.type, info.getShape()));
      }
    }
    return new OrtBatch(session, rows, length, inputs, outputs);
  }

  /** The inputs, as they go over the wire. */
  List<BareModel.Input> inputs() {
    List<BareModel.Input> all = new ArrayList<>();
    inputs.forEach(
        (name, tensor) -> {
          ByteBuffer content = tensor.getByteBuffer();
          byte[] bytes = new byte[content.remaining()];
          content.get(bytes);
          String type = tensor.getInfo().type == OnnxJavaType.INT64 ? "INT64" : "FP32";
          all.add(new BareModel.Input(name, type, tensor.getInfo().getShape(), bytes));
        });
    return all;
  }

  /** Runs once, with outputs where the session puts them. */
  OrtSession.Result run() throws OrtException {
    return session.run(inputs);
  }

  /** Of all inputs together. */
  static long inputBytes(OrtSession session, int rows, int length) throws OrtException {
    long bytes = 0;
    for (NodeInfo input : session.getInputInfo().values()) {
      TensorInfo info = (TensorInfo) input.getInfo();
      bytes += elements(shape(info, rows, length)) * info.type.size;
    }
    return bytes;
  }

  private static long[] shape(TensorInfo info, int rows, int length) {
    long[] shape = info.getShape().clone();
    for (int axis = 0; axis < shape.length; axis++) {
      if (axis == 0) {
        shape[axis] = rows;
      } else if (shape[axis] < 0) {
        shape[axis] = length;
      }
    }
    return shape;
  }

  private static long elements(long[] shape) {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  private static OnnxTensor allocate(OrtEnvironment environment, OnnxJavaType type, long[] shape)
      throws OrtException {
    int elements = Math.toIntExact(elements(shape));
    ByteBuffer memory =
        ByteBuffer.allocateDirect(Math.multiplyExact(elements, type.size))
            .order(ByteOrder.nativeOrder());
    for (int i = 0; i < elements; i++) {
      if (type == OnnxJavaType.INT64) {
        memory.putLong(i * Long.BYTES, i % VALUES);
      } else if (type == OnnxJavaType.FLOAT) {
        memory.putFloat(i * Float.BYTES, (i % VALUES - VALUES / 2) / (float) VALUES);
      }
    }
    return OnnxTensor.createTensor(environment, memory, shape, type);
  }

  /**
   * Runs it again and again.
   *
   * @param millis in all, a third of which is warm-up
   */
  OrtRun measure(long millis) throws OrtException {
    runFor(millis * 1_000_000 / 3);
    long cpuFrom = THREADS.getCurrentThreadCpuTime();
    long from = System.nanoTime();
    long runs = runFor(millis * 1_000_000 * 2 / 3);
    long nanos = System.nanoTime() - from;
    long cpuNanos = THREADS.getCurrentThreadCpuTime() - cpuFrom;
    return new OrtRun(rows, length, nanos / 1e3 / runs, cpuNanos / 1e3 / runs);
  }

  private long runFor(long nanos) throws OrtException {
    long end = System.nanoTime() + nanos;
    long runs = 0;
    do {
      session.run(inputs, outputs).close();
      runs++;
    } while (System.nanoTime() < end);
    return runs;
  }

  @Override
  public void close() {
    inputs.values().forEach(OnnxTensor::close);
    outputs.values().forEach(OnnxTensor::close);
  }
}
