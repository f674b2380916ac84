// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/**
 * The baseline of the engine: a loop over {@code OrtSession.run} with inputs and outputs
 * preallocated, one thread, batches of 1 to 128 rows. For models of float tensors with one dynamic
 * axis, the first.
 */
public final class BareOrt {
  private static final long WARM_UP_NANOS = 300_000_000L;
  private static final long MEASURE_NANOS = 700_000_000L;

  private BareOrt() {}

  /** Prints rows per second and microseconds per run: {@code BareOrt MODEL.onnx}. */
  public static void main(String[] args) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      try (OrtSession session = environment.createSession(args[0], options)) {
        System.out.println("| rows | rows/s | us/run |");
        System.out.println("|---:|---:|---:|");
        for (int rows = 1; rows <= 128; rows *= 2) {
          measure(environment, session, rows);
        }
      }
    }
  }

  private static void measure(OrtEnvironment environment, OrtSession session, int rows)
      throws OrtException {
    Map<String, OnnxTensor> inputs = new HashMap<>();
    for (var input : session.getInputInfo().entrySet()) {
      inputs.put(
          input.getKey(), tensor(environment, (TensorInfo) input.getValue().getInfo(), rows));
    }
    Map<String, OnnxTensor> outputs = new HashMap<>();
    try (OrtSession.Result first = session.run(inputs)) {
      for (var output : first) {
        TensorInfo info = (TensorInfo) output.getValue().getInfo();
        outputs.put(output.getKey(), tensor(environment, info, rows));
      }
    }
    long runs = 0;
    long begin = System.nanoTime();
    long from = begin + WARM_UP_NANOS;
    long end = from + MEASURE_NANOS;
    long measuredFrom = 0;
    long now = begin;
    while (now < end) {
      session.run(inputs, outputs).close();
      now = System.nanoTime();
      if (measuredFrom == 0 && now >= from) {
        measuredFrom = now;
      } else if (measuredFrom != 0) {
        runs++;
      }
    }
    double seconds = (now - measuredFrom) / 1e9;
    System.out.printf("| %d | %.0f | %.1f |%n", rows, runs * rows / seconds, seconds / runs * 1e6);
    inputs.values().forEach(OnnxTensor::close);
    outputs.values().forEach(OnnxTensor::close);
  }

  private static OnnxTensor tensor(OrtEnvironment environment, TensorInfo info, int rows)
      throws OrtException {
    long[] shape = info.getShape().clone();
    long elements = 1;
    for (int i = 0; i < shape.length; i++) {
      if (i == 0) {
        shape[i] = rows;
      }
      elements *= shape[i];
    }
    ByteBuffer memory =
        ByteBuffer.allocateDirect(Math.toIntExact(elements * info.type.size))
            .order(ByteOrder.nativeOrder());
    return OnnxTensor.createTensor(environment, memory, shape, info.type);
  }
}
