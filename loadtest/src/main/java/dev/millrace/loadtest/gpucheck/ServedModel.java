// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.gpucheck;

import com.google.protobuf.ByteString;
import dev.millrace.loadtest.baseline.BareModel;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** A model of a gateway, asked over gRPC. */
final class ServedModel implements AutoCloseable {
  private static final long DEADLINE_SECONDS = 30;

  /** A batch of 128 pictures has 77 MB. */
  private static final int MAX_MESSAGE_BYTES = 256 << 20;

  private final String name;
  private final ManagedChannel channel;
  private final GRPCInferenceServiceBlockingStub stub;

  ServedModel(String name, InetSocketAddress address) {
    this.name = name;
    this.channel =
        NettyChannelBuilder.forAddress(address)
            .usePlaintext()
            .maxInboundMessageSize(MAX_MESSAGE_BYTES)
            .build();
    this.stub = GRPCInferenceServiceGrpc.newBlockingStub(channel);
  }

  /**
   * What callers saw that each sent one row at a time.
   *
   * @param medianMicros from a request to its answer
   */
  record Seen(int callers, double rowsPerSecond, double medianMicros) {}

  private ModelInferRequest request(List<BareModel.Input> inputs) {
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder().setModelName(name);
    for (BareModel.Input input : inputs) {
      request
          .addInputsBuilder()
          .setName(input.name())
          .setDatatype(input.dataType())
          .addAllShape(Arrays.stream(input.shape()).boxed().toList());
      request.addRawInputContents(ByteString.copyFrom(input.content()));
    }
    return request.build();
  }

  private ModelInferResponse infer(ModelInferRequest request) throws IOException {
    try {
      return stub.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS).modelInfer(request);
    } catch (StatusRuntimeException e) {
      throw new IOException(e.getStatus().getCode() + ": " + e.getStatus().getDescription(), e);
    }
  }

  /** All of its FP32 outputs. */
  List<float[]> answer(List<BareModel.Input> inputs) throws IOException {
    ModelInferResponse response = infer(request(inputs));
    List<float[]> outputs = new ArrayList<>();
    for (int i = 0; i < response.getOutputsCount(); i++) {
      if (response.getOutputs(i).getDatatype().equals("FP32")) {
        FloatBuffer values =
            response
                .getRawOutputContents(i)
                .asReadOnlyByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        float[] copy = new float[values.remaining()];
        values.get(copy);
        outputs.add(copy);
      }
    }
    return outputs;
  }

  /** Has so many callers send the same row, each the next when the last is answered. */
  Seen measure(List<BareModel.Input> row, int callers, long millis)
      throws IOException, InterruptedException {
    ModelInferRequest request = request(row);
    infer(request);
    long counted = System.nanoTime() + millis * 1_000_000 / 3;
    long end = counted + millis * 1_000_000 * 2 / 3;
    Callable<List<Long>> caller = () -> call(request, counted, end);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Long> micros = new ArrayList<>();
      for (Future<List<Long>> each : threads.invokeAll(Collections.nCopies(callers, caller))) {
        micros.addAll(each.get());
      }
      micros.sort(null);
      double median = micros.isEmpty() ? Double.NaN : micros.get(micros.size() / 2);
      return new Seen(callers, micros.size() * 1e9 / (end - counted), median);
    } catch (ExecutionException e) {
      throw new IOException(String.valueOf(e.getCause()), e);
    }
  }

  private List<Long> call(ModelInferRequest request, long counted, long end) throws IOException {
    List<Long> micros = new ArrayList<>();
    for (long begin = System.nanoTime(); begin < end; begin = System.nanoTime()) {
      infer(request);
      long done = System.nanoTime();
      if (begin >= counted) {
        micros.add((done - begin) / 1000);
      }
    }
    return micros;
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
