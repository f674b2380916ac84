// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest;

import com.google.protobuf.ByteString;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelMetadataRequest;
import dev.millrace.proto.inference.ModelMetadataResponse;
import io.grpc.Channel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** Requests made up from what a server says of a model. */
final class Requests {
  private Requests() {}

  /**
   * One serialised ModelInferRequest with random values.
   *
   * @param rows size of every dimension that the model leaves open
   * @throws IllegalArgumentException for a model whose inputs are not all FP32
   */
  static byte[] random(Channel channel, String model, int rows) {
    ModelMetadataResponse metadata =
        GRPCInferenceServiceGrpc.newBlockingStub(channel)
            .modelMetadata(ModelMetadataRequest.newBuilder().setName(model).build());
    Random random = new Random(1);
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder().setModelName(model);
    for (ModelMetadataResponse.TensorMetadata input : metadata.getInputsList()) {
      if (!input.getDatatype().equals("FP32")) {
        throw new IllegalArgumentException(
            "input '%s': datatype %s (expected FP32)"
                .formatted(input.getName(), input.getDatatype()));
      }
      ModelInferRequest.InferInputTensor.Builder tensor =
          ModelInferRequest.InferInputTensor.newBuilder()
              .setName(input.getName())
              .setDatatype(input.getDatatype());
      int elements = 1;
      for (long dim : input.getShapeList()) {
        long size = dim < 0 ? rows : dim;
        tensor.addShape(size);
        elements *= Math.toIntExact(size);
      }
      ByteBuffer values = ByteBuffer.allocate(elements * 4).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < elements; i++) {
        values.putFloat((float) random.nextGaussian());
      }
      request.addInputs(tensor).addRawInputContents(ByteString.copyFrom(values.flip()));
    }
    return request.build().toByteArray();
  }
}
