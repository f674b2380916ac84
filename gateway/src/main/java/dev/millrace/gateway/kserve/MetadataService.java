// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.serving.ModelStatus;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.backends.serving.VersionState;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.ModelConfigRequest;
import dev.millrace.proto.inference.ModelConfigResponse;
import dev.millrace.proto.inference.ModelMetadataRequest;
import dev.millrace.proto.inference.ModelMetadataResponse;
import dev.millrace.proto.inference.ModelReadyRequest;
import dev.millrace.proto.inference.ModelReadyResponse;
import dev.millrace.proto.inference.ModelStatisticsRequest;
import dev.millrace.proto.inference.ModelStatisticsResponse;
import dev.millrace.proto.inference.RepositoryIndexRequest;
import dev.millrace.proto.inference.RepositoryIndexResponse;
import dev.millrace.proto.inference.ServerLiveRequest;
import dev.millrace.proto.inference.ServerLiveResponse;
import dev.millrace.proto.inference.ServerMetadataRequest;
import dev.millrace.proto.inference.ServerMetadataResponse;
import dev.millrace.proto.inference.ServerReadyRequest;
import dev.millrace.proto.inference.ServerReadyResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;

/**
 * Every call of the protocol but ModelInfer, by the generated stubs. Runs on event loops: answers
 * from memory, never blocks. What is not served answers UNIMPLEMENTED.
 */
final class MetadataService extends GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase {
  private static final List<String> EXTENSIONS =
      List.of("model_repository", "model_configuration", "statistics", "parameters");

  private final Routes routes;
  private final String serverVersion;

  MetadataService(Routes routes, String serverVersion) {
    this.routes = routes;
    this.serverVersion = serverVersion;
  }

  @Override
  public void serverLive(ServerLiveRequest request, StreamObserver<ServerLiveResponse> observer) {
    answer(observer, () -> ServerLiveResponse.newBuilder().setLive(true).build());
  }

  @Override
  public void serverReady(
      ServerReadyRequest request, StreamObserver<ServerReadyResponse> observer) {
    answer(observer, () -> ServerReadyResponse.newBuilder().setReady(routes.isReady()).build());
  }

  @Override
  public void modelReady(ModelReadyRequest request, StreamObserver<ModelReadyResponse> observer) {
    answer(observer, () -> ModelReadyResponse.newBuilder().setReady(isModelReady(request)).build());
  }

  /** False for whatever does not serve, unknown models too; only nonsense is an error. */
  private boolean isModelReady(ModelReadyRequest request) throws InferException {
    try {
      routes.find(request.getName(), request.getVersion());
      return true;
    } catch (InferException e) {
      if (e.failure().kind() == Failure.Kind.INVALID) {
        throw e;
      }
      return false;
    }
  }

  @Override
  public void serverMetadata(
      ServerMetadataRequest request, StreamObserver<ServerMetadataResponse> observer) {
    answer(
        observer,
        () ->
            ServerMetadataResponse.newBuilder()
                .setName("millrace")
                .setVersion(serverVersion)
                .addAllExtensions(EXTENSIONS)
                .build());
  }

  @Override
  public void modelMetadata(
      ModelMetadataRequest request, StreamObserver<ModelMetadataResponse> observer) {
    answer(observer, () -> metadata(request));
  }

  private ModelMetadataResponse metadata(ModelMetadataRequest request) throws InferException {
    ServedVersion served = routes.find(request.getName(), request.getVersion());
    ModelMetadataResponse.Builder metadata =
        ModelMetadataResponse.newBuilder()
            .setName(served.name())
            .setPlatform(served.platform())
            .putProperties("batching", served.describeBatching())
            .putProperties("device", served.describeDevices());
    if (request.getVersion().isEmpty()) {
      routes
          .ready(served.name())
          .forEach(ready -> metadata.addVersions(Long.toString(ready.version())));
    } else {
      metadata.addVersions(Long.toString(served.version()));
    }
    served.signature().inputs().forEach(spec -> metadata.addInputs(tensor(spec)));
    served.signature().outputs().forEach(spec -> metadata.addOutputs(tensor(spec)));
    return metadata.build();
  }

  private static ModelMetadataResponse.TensorMetadata tensor(TensorSpec spec) {
    ModelMetadataResponse.TensorMetadata.Builder tensor =
        ModelMetadataResponse.TensorMetadata.newBuilder()
            .setName(spec.name())
            .setDatatype(spec.dataType().name());
    for (long dim : spec.shape()) {
      tensor.addShape(dim);
    }
    return tensor.build();
  }

  @Override
  public void modelConfig(
      ModelConfigRequest request, StreamObserver<ModelConfigResponse> observer) {
    answer(
        observer,
        () ->
            ModelConfigResponse.newBuilder()
                .setConfig(ModelConfigs.of(routes.find(request.getName(), request.getVersion())))
                .build());
  }

  @Override
  public void modelStatistics(
      ModelStatisticsRequest request, StreamObserver<ModelStatisticsResponse> observer) {
    answer(observer, () -> statistics(request));
  }

  private ModelStatisticsResponse statistics(ModelStatisticsRequest request) throws InferException {
    List<ServedVersion> wanted;
    if (request.getName().isEmpty()) {
      wanted = routes.ready();
    } else if (request.getVersion().isEmpty()) {
      routes.find(request.getName(), ""); // so that an unknown model is an error
      wanted = routes.ready(request.getName());
    } else {
      wanted = List.of(routes.find(request.getName(), request.getVersion()));
    }
    ModelStatisticsResponse.Builder response = ModelStatisticsResponse.newBuilder();
    wanted.forEach(served -> response.addModelStats(StatisticsView.of(served)));
    return response.build();
  }

  @Override
  public void repositoryIndex(
      RepositoryIndexRequest request, StreamObserver<RepositoryIndexResponse> observer) {
    answer(observer, () -> index(request));
  }

  private RepositoryIndexResponse index(RepositoryIndexRequest request) throws InferException {
    if (!request.getRepositoryName().isEmpty()) {
      throw new InferException(
          new Failure(
              Failure.Kind.UNSUPPORTED,
              "repository_name: '%s' (expected nothing: all repositories are listed together)"
                  .formatted(request.getRepositoryName())));
    }
    RepositoryIndexResponse.Builder index = RepositoryIndexResponse.newBuilder();
    for (ModelStatus status : routes.statuses()) {
      if (!request.getReady() || status.state() == VersionState.READY) {
        index.addModels(
            RepositoryIndexResponse.ModelIndex.newBuilder()
                .setName(status.name())
                .setVersion(status.version() == 0 ? "" : Long.toString(status.version()))
                .setState(state(status.state()))
                .setReason(status.reason()));
      }
    }
    return index.build();
  }

  /** The protocol's word for a state. */
  private static String state(VersionState state) {
    return switch (state) {
      case PENDING -> "UNKNOWN";
      case FETCHING, LOADING, WARMING -> "LOADING";
      case READY -> "READY";
      case DRAINING -> "UNLOADING";
      case UNLOADED, FAILED -> "UNAVAILABLE";
    };
  }

  private interface Answer<T> {
    T make() throws InferException;
  }

  private static <T> void answer(StreamObserver<T> observer, Answer<T> answer) {
    T message;
    try {
      message = answer.make();
    } catch (InferException e) {
      observer.onError(StatusMapper.status(e.failure()).asRuntimeException());
      return;
    }
    observer.onNext(message);
    observer.onCompleted();
  }
}
