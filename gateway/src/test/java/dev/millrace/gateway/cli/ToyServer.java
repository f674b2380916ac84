// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.google.protobuf.ByteString;
import dev.millrace.backends.json.Elements;
import dev.millrace.backends.json.Json;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.ModelConfig;
import dev.millrace.proto.inference.ModelConfigRequest;
import dev.millrace.proto.inference.ModelConfigResponse;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.ModelInferResponse.InferOutputTensor;
import dev.millrace.proto.inference.ModelMetadataRequest;
import dev.millrace.proto.inference.ModelMetadataResponse;
import dev.millrace.proto.inference.ModelMetadataResponse.TensorMetadata;
import dev.millrace.proto.inference.RepositoryIndexRequest;
import dev.millrace.proto.inference.RepositoryIndexResponse;
import dev.millrace.proto.inference.RepositoryIndexResponse.ModelIndex;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A server of the protocol on a real port with one model, {@code toy}: it takes pairs and says
 * which of the two is larger, 0 for the first.
 */
final class ToyServer implements AutoCloseable {
  private static final ModelMetadataResponse METADATA =
      ModelMetadataResponse.newBuilder()
          .setName("toy")
          .addVersions("2")
          .addInputs(tensor("x", "FP32").addShape(-1).addShape(2))
          .addOutputs(tensor("label", "INT64").addShape(-1))
          .addOutputs(tensor("scores", "FP32").addShape(-1).addShape(2))
          .build();

  private final Server server;

  ToyServer() throws IOException {
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(new Service())
            .build()
            .start();
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private static TensorMetadata.Builder tensor(String name, String datatype) {
    return TensorMetadata.newBuilder().setName(name).setDatatype(datatype);
  }

  private static final class Service extends GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase {
    @Override
    public void modelMetadata(
        ModelMetadataRequest request, StreamObserver<ModelMetadataResponse> answer) {
      if (request.getName().equals("toy")) {
        answer(answer, METADATA);
      } else {
        refuse(answer, request.getName());
      }
    }

    @Override
    public void modelConfig(
        ModelConfigRequest request, StreamObserver<ModelConfigResponse> answer) {
      answer(
          answer,
          ModelConfigResponse.newBuilder()
              .setConfig(ModelConfig.newBuilder().setMaxBatchSize(64))
              .build());
    }

    @Override
    public void repositoryIndex(
        RepositoryIndexRequest request, StreamObserver<RepositoryIndexResponse> answer) {
      answer(
          answer,
          RepositoryIndexResponse.newBuilder()
              .addModels(
                  ModelIndex.newBuilder()
                      .setName("toy")
                      .setVersion("10")
                      .setState("UNAVAILABLE")
                      .setReason("model.onnx: not a model"))
              .addModels(ModelIndex.newBuilder().setName("toy").setVersion("2").setState("READY"))
              .build());
    }

    @Override
    public void modelInfer(ModelInferRequest request, StreamObserver<ModelInferResponse> answer) {
      if (!request.getModelName().equals("toy")) {
        refuse(answer, request.getModelName());
        return;
      }
      List<Json> pairs =
          Elements.decode(DataType.FP32, request.getRawInputContents(0).asReadOnlyByteBuffer());
      List<Json> labels = new ArrayList<>();
      List<Json> scores = new ArrayList<>();
      for (int i = 0; i < pairs.size(); i += 2) {
        boolean first = real(pairs.get(i)) > real(pairs.get(i + 1));
        labels.add(new Json.Num(first ? "0" : "1"));
        scores.add(new Json.Num(first ? "0.75" : "0.25"));
        scores.add(new Json.Num(first ? "0.25" : "0.75"));
      }
      ModelInferResponse.Builder response =
          ModelInferResponse.newBuilder()
              .setModelName("toy")
              .setModelVersion("2")
              .setId(request.getId());
      if (wants(request, "label")) {
        response.addOutputs(
            InferOutputTensor.newBuilder()
                .setName("label")
                .setDatatype("INT64")
                .addShape(labels.size()));
        response.addRawOutputContents(ByteString.copyFrom(Elements.encode(DataType.INT64, labels)));
      }
      if (wants(request, "scores")) {
        ByteString raw = ByteString.copyFrom(Elements.encode(DataType.FP32, scores));
        response.addOutputs(
            InferOutputTensor.newBuilder()
                .setName("scores")
                .setDatatype("FP32")
                .addShape(labels.size())
                .addShape(2));
        response.addRawOutputContents(raw);
      }
      answer(answer, response.build());
    }

    private static boolean wants(ModelInferRequest request, String output) {
      return request.getOutputsCount() == 0
          || request.getOutputsList().stream().anyMatch(wanted -> wanted.getName().equals(output));
    }

    private static double real(Json number) {
      return Double.parseDouble(((Json.Num) number).literal());
    }

    private static void refuse(StreamObserver<?> answer, String model) {
      answer.onError(
          Status.NOT_FOUND.withDescription("model '" + model + "'").asRuntimeException());
    }

    private static <T> void answer(StreamObserver<T> answer, T message) {
      answer.onNext(message);
      answer.onCompleted();
    }
  }
}
