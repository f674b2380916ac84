// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The codec inside gRPC, with generated stubs on the other side of a socket. */
class InferMarshallerTest {
  private static final int MAX_MESSAGE = 8 << 20;

  @Test
  void servesGeneratedStubsOverASocket() throws Exception {
    try (Loopback loopback = Loopback.overSocket()) {
      for (int size : new int[] {0, 1, 1000, 16_384, 200_000, 4 << 20}) {
        ModelInferRequest request = request(size);

        assertThat(loopback.stub().modelInfer(request)).isEqualTo(echoOf(request));
      }
    }
  }

  @Test
  void servesCompressedMessages() throws Exception {
    try (Loopback loopback = Loopback.overSocket()) {
      for (String compression : new String[] {"gzip", "deflate"}) {
        ModelInferRequest request = request(100_000);

        assertThat(loopback.stub().withCompression(compression).modelInfer(request))
            .isEqualTo(echoOf(request));
      }
    }
  }

  @Test
  void servesCallsWithinTheProcess() throws Exception {
    try (Loopback loopback = Loopback.inProcess()) {
      ModelInferRequest request = request(1000);

      assertThat(loopback.stub().modelInfer(request)).isEqualTo(echoOf(request));
    }
  }

  @Test
  void refusesWhatUnpacksToMoreThanTheLimit() throws Exception {
    try (Loopback loopback = Loopback.overSocket()) {
      assertThatThrownBy(
              () -> loopback.stub().withCompression("gzip").modelInfer(request(MAX_MESSAGE + 1)))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
                assertThat(e).hasMessageContaining("OVERLOADED").hasMessageContaining("8388608");
              });
    }
  }

  @Test
  void keepsTheMethodsNameAndSchema() {
    assertThat(InferMarshaller.modelInfer().getFullMethodName())
        .isEqualTo("inference.GRPCInferenceService/ModelInfer");
    assertThat(InferMarshaller.modelInfer().getSchemaDescriptor())
        .isSameAs(GRPCInferenceServiceGrpc.getModelInferMethod().getSchemaDescriptor());
  }

  private static ModelInferRequest request(int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = (byte) ((i * 31) >> 3);
    }
    ModelInferRequest.Builder request =
        ModelInferRequest.newBuilder().setModelName("echo").setId("i" + size);
    request.addInputsBuilder().setName("x").setDatatype("UINT8").addShape(size);
    return request.addRawInputContents(ByteString.copyFrom(bytes)).build();
  }

  private static ModelInferResponse echoOf(ModelInferRequest request) {
    ModelInferResponse.Builder response =
        ModelInferResponse.newBuilder()
            .setModelName("echo")
            .setModelVersion("1")
            .setId(request.getId())
            .addRawOutputContents(request.getRawInputContents(0));
    response
        .addOutputsBuilder()
        .setName("x")
        .setDatatype("UINT8")
        .addShape(request.getInputs(0).getShape(0));
    return response.build();
  }

  /** A server that answers with what it was sent, and a channel to it. */
  private record Loopback(Server server, ManagedChannel channel) implements AutoCloseable {
    private static final ResponseTemplate TEMPLATE =
        new ResponseTemplate(
            "echo",
            "1",
            List.of(new TensorSpec("x", dev.millrace.backends.tensor.DataType.UINT8, -1)));

    static Loopback overSocket() throws Exception {
      DecompressorRegistry decompressors =
          DecompressorRegistry.getDefaultInstance().with(new DeflateCodec(), true);
      CompressorRegistry compressors = CompressorRegistry.newEmptyInstance();
      compressors.register(new DeflateCodec());
      compressors.register(new io.grpc.Codec.Gzip());
      Server server =
          start(
              NettyServerBuilder.forAddress(
                      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                  .maxInboundMessageSize(MAX_MESSAGE)
                  .directExecutor()
                  .decompressorRegistry(decompressors));
      ManagedChannel channel =
          NettyChannelBuilder.forAddress(
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()))
              .usePlaintext()
              .maxInboundMessageSize(MAX_MESSAGE)
              .compressorRegistry(compressors)
              .build();
      return new Loopback(server, channel);
    }

    static Loopback inProcess() throws Exception {
      String name = InProcessServerBuilder.generateName();
      return new Loopback(
          start(InProcessServerBuilder.forName(name).directExecutor()),
          InProcessChannelBuilder.forName(name).directExecutor().build());
    }

    private static Server start(ServerBuilder<?> builder) throws Exception {
      return builder
          .addService(
              ServerServiceDefinition.builder(GRPCInferenceServiceGrpc.SERVICE_NAME)
                  .addMethod(
                      InferMarshaller.modelInfer(), ServerCalls.asyncUnaryCall(Loopback::answer))
                  .build())
          .build()
          .start();
    }

    private static void answer(InferRequest request, StreamObserver<InferResponse> observer) {
      try (request) {
        if (request.problem() != null) {
          observer.onError(
              Status.INVALID_ARGUMENT
                  .withDescription(request.problem().toString())
                  .asRuntimeException());
          return;
        }
        InputTensor input = request.input(0);
        OutputTensor[] outputs = {
          new OutputTensor(input.dataType(), input.shape(), input.view().contiguous())
        };
        observer.onNext(
            InferResponseEncoder.encodeRows(
                TEMPLATE, request.id(), outputs, null, 0, (int) input.shape()[0]));
        observer.onCompleted();
      } catch (Exception e) {
        observer.onError(e);
      }
    }

    GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub stub() {
      return GRPCInferenceServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
      channel.shutdownNow();
      server.shutdownNow();
    }
  }
}
