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

  /** One is a single thread's work at both ends, and pictures are large. */
  private static final int CONNECTIONS = 8;

  private final String name;
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final List<GRPCInferenceServiceBlockingStub> stubs = new ArrayList<>();

  ServedModel(String name, InetSocketAddress address) {
    this.name = name;
    for (int i = 0; i < CONNECTIONS; i++) {
      ManagedChannel channel =
          NettyChannelBuilder.forAddress(address)
              .usePlaintext()
              .maxInboundMessageSize(MAX_MESSAGE_BYTES)
              .build();
      channels.add(channel);
      stubs.add(GRPCInferenceServiceGrpc.newBlockingStub(channel));
    }
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

  private static ModelInferResponse infer(
      GRPCInferenceServiceBlockingStub stub, ModelInferRequest request) throws IOException {
    try {
      return stub.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS).modelInfer(request);
    } catch (StatusRuntimeException e) {
      throw new IOException(e.getStatus().getCode() + ": " + e.getStatus().getDescription(), e);
    }
  }

  /** All of its FP32 outputs. */
  List<float[]> answer(List<BareModel.Input> inputs) throws IOException {
    ModelInferResponse response = infer(stubs.getFirst(), request(inputs));
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
    infer(stubs.getFirst(), request);
    long counted = System.nanoTime() + millis * 1_000_000 / 3;
    long end = counted + millis * 1_000_000 * 2 / 3;
    List<Callable<List<Long>>> all = new ArrayList<>();
    for (int caller = 0; caller < callers; caller++) {
      GRPCInferenceServiceBlockingStub stub = stubs.get(caller % CONNECTIONS);
      all.add(() -> call(stub, request, counted, end));
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Long> micros = new ArrayList<>();
      for (Future<List<Long>> each : threads.invokeAll(all)) {
        micros.addAll(each.get());
      }
      micros.sort(null);
      double median = micros.isEmpty() ? Double.NaN : micros.get(micros.size() / 2);
      return new Seen(callers, micros.size() * 1e9 / (end - counted), median);
    } catch (ExecutionException e) {
      throw new IOException(String.valueOf(e.getCause()), e);
    }
  }

  private static List<Long> call(
      GRPCInferenceServiceBlockingStub stub, ModelInferRequest request, long counted, long end)
      throws IOException {
    List<Long> micros = new ArrayList<>();
    for (long begin = System.nanoTime(); begin < end; begin = System.nanoTime()) {
      infer(stub, request);
      long done = System.nanoTime();
      if (begin >= counted) {
        micros.add((done - begin) / 1000);
      }
    }
    return micros;
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
