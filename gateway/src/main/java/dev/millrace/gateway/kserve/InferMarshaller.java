// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** How ModelInfer's messages become bytes and back, without protobuf's objects in between. */
final class InferMarshaller {
  private static final MethodDescriptor<InferRequest, InferResponse> MODEL_INFER =
      GRPCInferenceServiceGrpc.getModelInferMethod().toBuilder(
              new RequestMarshaller(), new ResponseMarshaller())
          .build();

  private InferMarshaller() {}

  /** The protocol's ModelInfer under its own name and schema, for the server's side. */
  static MethodDescriptor<InferRequest, InferResponse> modelInfer() {
    return MODEL_INFER;
  }

  /** Decodes on the thread that has the bytes; each keeps a decoder of its own. */
  private static final class RequestMarshaller implements Marshaller<InferRequest> {
    private final ThreadLocal<InferRequestDecoder> decoders =
        ThreadLocal.withInitial(InferRequestDecoder::new);

    @Override
    public InferRequest parse(InputStream message) {
      return decoders.get().decode(message);
    }

    @Override
    public InputStream stream(InferRequest request) {
      throw new UnsupportedOperationException(
          "a decoded request keeps no message: clients use the generated stubs");
    }
  }

  private static final class ResponseMarshaller implements Marshaller<InferResponse> {
    @Override
    public InputStream stream(InferResponse response) {
      return response.stream();
    }

    @Override
    public InferResponse parse(InputStream message) {
      try {
        return new InferResponse(message.readAllBytes());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
