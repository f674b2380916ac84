// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.protobuf.ProtoUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
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

/**
 * One row of a run, a label and its scores, as an answer in the transport's memory: in this codec
 * and in protobuf's.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class EncodeBenchmark {
  private static final Marshaller<ModelInferResponse> PROTOBUF =
      ProtoUtils.marshaller(ModelInferResponse.getDefaultInstance());
  private static final int ROWS = 8;
  private static final int ROW = 2;

  @Param({"16", "150528"})
  private int scores;

  private final Sink sink = new Sink();
  private ResponseTemplate template;
  private OutputTensor[] outputs;

  @Setup
  public void run() {
    template =
        new ResponseTemplate(
            "iris",
            "1",
            List.of(
                new TensorSpec("label", DataType.INT64, -1),
                new TensorSpec("probabilities", DataType.FP32, -1, scores)));
    outputs =
        new OutputTensor[] {
          new OutputTensor(
              DataType.INT64, new long[] {ROWS}, ByteBuffer.allocateDirect(ROWS * Long.BYTES)),
          new OutputTensor(
              DataType.FP32,
              new long[] {ROWS, scores},
              ByteBuffer.allocateDirect(ROWS * scores * Float.BYTES))
        };
  }

  @Benchmark
  public int encode() throws IOException, InferException {
    return sink.drain(
        InferResponseEncoder.encodeRows(template, "", outputs, null, ROW, 1).stream());
  }

  @Benchmark
  public int protobuf() throws IOException {
    ModelInferResponse.Builder response =
        ModelInferResponse.newBuilder().setModelName("iris").setModelVersion("1");
    response.addOutputsBuilder().setName("label").setDatatype("INT64").addShape(1);
    response
        .addOutputsBuilder()
        .setName("probabilities")
        .setDatatype("FP32")
        .addShape(1)
        .addShape(scores);
    response.addRawOutputContents(row(outputs[0]));
    response.addRawOutputContents(row(outputs[1]));
    return sink.drain(PROTOBUF.stream(response.build()));
  }

  /** As protobuf can best have it: in place. */
  private static ByteString row(OutputTensor output) {
    int from = output.rowOffset(ROW);
    return UnsafeByteOperations.unsafeWrap(
        output.data().slice(from, output.rowOffset(ROW + 1) - from));
  }

  /** Takes bytes as gRPC's framer does: from an array into direct memory. */
  private static final class Sink extends OutputStream {
    private final ByteBuffer target = ByteBuffer.allocateDirect(1 << 20);

    int drain(InputStream message) throws IOException {
      target.clear();
      int announced = ((KnownLength) message).available();
      return announced + ((Drainable) message).drainTo(this);
    }

    @Override
    public void write(int value) {
      target.put((byte) value);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      target.put(bytes, offset, length);
    }
  }
}
