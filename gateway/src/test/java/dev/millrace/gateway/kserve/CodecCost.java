// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import com.sun.management.ThreadMXBean;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.internal.CompositeReadableBuffer;
import io.grpc.internal.ReadableBuffers;
import io.grpc.protobuf.ProtoUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;

/**
 * What a request and its answer cost in this codec and in protobuf's, each from gRPC's own stream
 * over direct memory and into a sink that copies as gRPC does. CPU time of the one thread, the best
 * of thirty rounds; the cost of making the stream is measured too and taken off.
 */
final class CodecCost {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final Marshaller<ModelInferRequest> PROTOBUF_REQUEST =
      ProtoUtils.marshaller(ModelInferRequest.getDefaultInstance());
  private static final Marshaller<ModelInferResponse> PROTOBUF_RESPONSE =
      ProtoUtils.marshaller(ModelInferResponse.getDefaultInstance());

  private final InferRequestDecoder decoder = new InferRequestDecoder();
  private final ByteBuffer slab = ByteBuffer.allocateDirect(1 << 20);
  private final Sink sink = new Sink();
  private long blackhole;

  private CodecCost() {}

  public static void main(String[] args) throws Exception {
    CodecCost cost = new CodecCost();
    cost.requests("tiny", request(4), 16_384, 200_000);
    cost.requests("with id and parameter", withParameter(), 16_384, 200_000);
    cost.requests("image", request(150_528), 16_384, 2_000);
    cost.responses("tiny", 3, 200_000);
    cost.responses("image", 150_528, 2_000);
    if (cost.blackhole == 42) {
      System.out.println();
    }
  }

  private static ModelInferRequest request(int floats) {
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder().setModelName("iris");
    request.addInputsBuilder().setName("input").setDatatype("FP32").addShape(1).addShape(floats);
    request.addOutputsBuilder().setName("label");
    request.addOutputsBuilder().setName("probabilities");
    return request.addRawInputContents(ByteString.copyFrom(new byte[floats * 4])).build();
  }

  private static ModelInferRequest withParameter() {
    ModelInferRequest.Builder request = request(4).toBuilder().setId("1234");
    request.putParametersBuilderIfAbsent("triton_enable_empty_final_response").setBoolParam(true);
    return request.build();
  }

  private void requests(String what, ModelInferRequest request, int sliceLength, int count)
      throws Exception {
    ByteBuffer message = ByteBuffer.allocateDirect(request.getSerializedSize());
    message.put(request.toByteArray()).flip();
    System.out.printf(Locale.ROOT, "request, %s, %d bytes%n", what, message.limit());
    double[] stream = best(count, () -> stream(message, sliceLength).close());
    double[] ours =
        best(
            count,
            () -> {
              try (InferRequest decoded = decoder.decode(stream(message, sliceLength))) {
                blackhole += decoded.input(0).view().copyTo(slab, 0) + decoded.modelName().length();
              }
            });
    double[] theirs =
        best(
            count,
            () -> {
              try (InputStream bytes = stream(message, sliceLength)) {
                ModelInferRequest decoded = PROTOBUF_REQUEST.parse(bytes);
                ByteString raw = decoded.getRawInputContents(0);
                raw.copyTo(slab.duplicate());
                blackhole +=
                    raw.size()
                        + decoded.getModelName().length()
                        + decoded.getInputs(0).getName().length()
                        + decoded.getInputs(0).getDatatype().length()
                        + decoded.getOutputs(1).getName().length();
              }
            });
    print("  stream alone", stream, new double[2]);
    print("  ours", ours, stream);
    print("  protobuf", theirs, stream);
  }

  private void responses(String what, int floats, int count) throws Exception {
    ResponseTemplate template =
        new ResponseTemplate(
            "iris",
            "1",
            List.of(
                new TensorSpec("label", DataType.INT64, -1),
                new TensorSpec("probabilities", DataType.FP32, -1, floats)));
    ByteBuffer labels = ByteBuffer.allocateDirect(8 * 8);
    ByteBuffer scores = ByteBuffer.allocateDirect(8 * 4 * floats);
    OutputTensor[] outputs = {
      new OutputTensor(DataType.INT64, new long[] {8}, labels),
      new OutputTensor(DataType.FP32, new long[] {8, floats}, scores)
    };
    double[] ours =
        best(
            count,
            () -> {
              InferResponse response =
                  InferResponseEncoder.encodeRows(template, "", outputs, null, 2, 1);
              blackhole += sink.drain(response.stream());
            });
    double[] theirs =
        best(
            count,
            () -> {
              ModelInferResponse.Builder response =
                  ModelInferResponse.newBuilder().setModelName("iris").setModelVersion("1");
              response.addOutputsBuilder().setName("label").setDatatype("INT64").addShape(1);
              response
                  .addOutputsBuilder()
                  .setName("probabilities")
                  .setDatatype("FP32")
                  .addShape(1)
                  .addShape(floats);
              response.addRawOutputContents(row(labels, 8));
              response.addRawOutputContents(row(scores, 4 * floats));
              blackhole += sink.drain(PROTOBUF_RESPONSE.stream(response.build()));
            });
    System.out.printf(
        Locale.ROOT,
        "response, %s, %d bytes%n",
        what,
        InferResponseEncoder.encodeRows(template, "", outputs, null, 2, 1).byteLength());
    print("  ours", ours, new double[2]);
    print("  protobuf", theirs, new double[2]);
  }

  /** A row as protobuf can best have it: in place. */
  private static ByteString row(ByteBuffer data, int length) {
    return UnsafeByteOperations.unsafeWrap(data.slice(2 * length, length));
  }

  private static InputStream stream(ByteBuffer message, int sliceLength) {
    CompositeReadableBuffer buffers = new CompositeReadableBuffer();
    for (int at = 0; at < message.limit(); at += sliceLength) {
      buffers.addBuffer(
          ReadableBuffers.wrap(message.slice(at, Math.min(sliceLength, message.limit() - at))));
    }
    return ReadableBuffers.openStream(buffers, true);
  }

  /** Nanoseconds and allocated bytes of one operation. */
  private static double[] best(int count, Operation operation) throws Exception {
    double[] best = {Double.MAX_VALUE, Double.MAX_VALUE};
    for (int round = 0; round < 30; round++) {
      long allocated = THREADS.getCurrentThreadAllocatedBytes();
      long started = THREADS.getCurrentThreadCpuTime();
      for (int i = 0; i < count; i++) {
        operation.run();
      }
      double nanos = THREADS.getCurrentThreadCpuTime() - started;
      double bytes = THREADS.getCurrentThreadAllocatedBytes() - allocated;
      best[0] = Math.min(best[0], nanos / count);
      best[1] = Math.min(best[1], bytes / count);
    }
    return best;
  }

  private static void print(String what, double[] cost, double[] without) {
    System.out.printf(
        Locale.ROOT,
        "%-16s %,10.0f ns %,10.0f bytes allocated%n",
        what,
        cost[0] - without[0],
        cost[1] - without[1]);
  }

  private interface Operation {
    void run() throws IOException, InferException;
  }

  /** Takes bytes as gRPC's framer does: from an array into direct memory. */
  private static final class Sink extends OutputStream {
    private final ByteBuffer target = ByteBuffer.allocateDirect(4 << 20);

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
