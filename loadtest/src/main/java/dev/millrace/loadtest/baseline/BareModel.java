// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.baseline;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.onnx.ProviderOptions;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A model on one device in this process, without a gateway. One thread. */
public final class BareModel implements AutoCloseable {
  private final OrtSession session;

  private BareModel(OrtSession session) {
    this.session = session;
  }

  /**
   * Loads it.
   *
   * @param gpu its number; empty for the processor, of which one core is used
   * @throws IOException with ONNX Runtime's reason
   */
  public static BareModel open(Path file, Optional<Integer> gpu) throws IOException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      if (gpu.isPresent()) {
        ProviderOptions.addCuda(options, gpu.get(), Map.of());
      }
      return new BareModel(OrtEnvironment.getEnvironment().createSession(file.toString(), options));
    } catch (OrtException e) {
      throw new IOException(file.getFileName() + ": " + e.getMessage(), e);
    }
  }

  /** An input, as it goes over the wire. */
  @SuppressWarnings("ArrayRecordComponent")
  public record Input(String name, String dataType, long[] shape, byte[] content) {}

  /** What is fed to the model for so many rows: always the same. */
  public List<Input> inputs(int rows, int length) throws IOException {
    try (OrtBatch batch = batch(rows, length)) {
      return batch.inputs();
    }
  }

  /** All of its FP32 outputs for that, one behind the other, in the order of their names. */
  public List<float[]> answer(int rows, int length) throws IOException {
    try (OrtBatch batch = batch(rows, length);
        OrtSession.Result result = batch.run()) {
      List<float[]> outputs = new ArrayList<>();
      for (Map.Entry<String, OnnxValue> output : result) {
        if (output.getValue() instanceof OnnxTensor tensor) {
          FloatBuffer values = tensor.getFloatBuffer();
          if (values != null) { // none of another type
            float[] copy = new float[values.remaining()];
            values.get(copy);
            outputs.add(copy);
          }
        }
      }
      return outputs;
    } catch (OrtException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Runs batches of that size again and again for so long, a third of it for warming up. */
  public OrtRun measure(int rows, int length, long millis) throws IOException {
    try (OrtBatch batch = batch(rows, length)) {
      return batch.measure(millis);
    } catch (OrtException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /**
   * Runs batches of several sizes in turn, as a batcher would, for so long.
   *
   * @return microseconds per run on average
   */
  public double measureInTurn(List<Integer> sizes, int length, long millis) throws IOException {
    List<OrtBatch> batches = new ArrayList<>();
    try {
      for (int rows : sizes) {
        batches.add(batch(rows, length));
      }
      long from = System.nanoTime();
      long end = from + millis * 1_000_000;
      long runs = 0;
      do {
        for (OrtBatch batch : batches) {
          batch.run().close();
          runs++;
        }
      } while (System.nanoTime() < end);
      return (System.nanoTime() - from) / 1e3 / runs;
    } catch (OrtException e) {
      throw new IOException(e.getMessage(), e);
    } finally {
      batches.forEach(OrtBatch::close);
    }
  }

  private OrtBatch batch(int rows, int length) throws IOException {
    try {
      return OrtBatch.create(OrtEnvironment.getEnvironment(), session, rows, length);
    } catch (OrtException e) {
      throw new IOException("%d rows: %s".formatted(rows, e.getMessage()), e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
