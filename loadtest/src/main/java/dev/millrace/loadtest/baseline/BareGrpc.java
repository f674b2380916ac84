// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.baseline;

import com.google.protobuf.ByteString;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The baseline of the wire: grpc-java's stock stub parses the same request and answers a fixed
 * response. What a gateway needs beyond this is its own.
 */
public final class BareGrpc {
  private BareGrpc() {}

  /** Serves on 127.0.0.1 until the process is ended: {@code BareGrpc PORT}. */
  public static void main(String[] args) throws Exception {
    Server server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0])))
            .directExecutor()
            .maxInboundMessageSize(256 << 20)
            .addService(new Echo())
            .build()
            .start();
    System.out.println("bare gRPC on 127.0.0.1:" + server.getPort());
    server.awaitTermination();
  }

  private static final class Echo extends GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase {
    private static final ModelInferResponse RESPONSE =
        ModelInferResponse.newBuilder()
            .setModelName("tiny")
            .setModelVersion("1")
            .addOutputs(
                ModelInferResponse.InferOutputTensor.newBuilder()
                    .setName("y")
                    .setDatatype("FP32")
                    .addShape(1)
                    .addShape(4))
            .addRawOutputContents(ByteString.copyFrom(new byte[16]))
            .build();

    @Override
    public void modelInfer(ModelInferRequest request, StreamObserver<ModelInferResponse> observer) {
      observer.onNext(RESPONSE);
      observer.onCompleted();
    }
  }
}
