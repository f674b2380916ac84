// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import com.google.protobuf.ByteString;
import dev.millrace.proto.inference.ModelInferRequest;
import io.grpc.internal.CompositeReadableBuffer;
import io.grpc.internal.ReadableBuffers;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** Requests as gRPC hands them over: a stream over slices of direct memory. */
final class Messages {
  /** What the transport reads into. */
  private static final int SLICE_BYTES = 16 * 1024;

  private Messages() {}

  static ModelInferRequest request(int floats) {
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder().setModelName("iris");
    request.addInputsBuilder().setName("input").setDatatype("FP32").addShape(1).addShape(floats);
    request.addOutputsBuilder().setName("label");
    request.addOutputsBuilder().setName("probabilities");
    return request.addRawInputContents(ByteString.copyFrom(new byte[floats * Float.BYTES])).build();
  }

  static ModelInferRequest requestWithId(int floats) {
    ModelInferRequest.Builder request = request(floats).toBuilder().setId("1234");
    request.putParametersBuilderIfAbsent("triton_enable_empty_final_response").setBoolParam(true);
    return request.build();
  }

  static ByteBuffer onTheWire(ModelInferRequest request) {
    ByteBuffer message = ByteBuffer.allocateDirect(request.getSerializedSize());
    return message.put(request.toByteArray()).flip();
  }

  static InputStream stream(ByteBuffer message) {
    CompositeReadableBuffer buffers = new CompositeReadableBuffer();
    for (int at = 0; at < message.limit(); at += SLICE_BYTES) {
      buffers.addBuffer(
          ReadableBuffers.wrap(message.slice(at, Math.min(SLICE_BYTES, message.limit() - at))));
    }
    return ReadableBuffers.openStream(buffers, true);
  }
}
