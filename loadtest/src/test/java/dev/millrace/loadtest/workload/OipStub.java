// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase;
import dev.millrace.proto.inference.ModelMetadataRequest;
import dev.millrace.proto.inference.ModelMetadataResponse;
import dev.millrace.proto.inference.ModelMetadataResponse.TensorMetadata;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A server on the loopback interface that describes models and runs none. */
final class OipStub implements AutoCloseable {
  private final Map<String, ModelMetadataResponse> models = new HashMap<>();
  private final Server server;
  private final ManagedChannel channel;
  private Status refusal = Status.OK;

  OipStub() throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server = NettyServerBuilder.forAddress(address).addService(new Service()).build().start();
    channel = NettyChannelBuilder.forAddress("localhost", server.getPort()).usePlaintext().build();
  }

  ManagedChannel channel() {
    return channel;
  }

  String address() {
    return "localhost:" + server.getPort();
  }

  /** Every call from now on ends so. */
  void refuse(Status status) {
    refusal = status;
  }

  /** Adds a model; tensors as {@link #tensor} makes them. */
  OipStub model(String name, List<TensorMetadata> inputs, List<TensorMetadata> outputs) {
    ModelMetadataResponse metadata =
        ModelMetadataResponse.newBuilder()
            .setName(name)
            .addAllInputs(inputs)
            .addAllOutputs(outputs)
            .build();
    models.put(name, metadata);
    return this;
  }

  static TensorMetadata tensor(String name, String datatype, Integer... shape) {
    TensorMetadata.Builder tensor = TensorMetadata.newBuilder().setName(name).setDatatype(datatype);
    for (int dim : shape) {
      tensor.addShape(dim);
    }
    return tensor.build();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.shutdownNow();
  }

  private final class Service extends GRPCInferenceServiceImplBase {
    @Override
    public void modelMetadata(
        ModelMetadataRequest request, StreamObserver<ModelMetadataResponse> observer) {
      ModelMetadataResponse metadata = models.get(request.getName());
      if (!refusal.isOk()) {
        observer.onError(refusal.asRuntimeException());
      } else if (metadata == null) {
        observer.onError(Status.NOT_FOUND.withDescription("no such\nmodel").asRuntimeException());
      } else {
        observer.onNext(metadata);
        observer.onCompleted();
      }
    }
  }
}
