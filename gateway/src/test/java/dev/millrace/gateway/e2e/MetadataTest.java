// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.onnx.OnnxGraphBuilder.Attribute;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ModelLocation;
import dev.millrace.gateway.metrics.Metric;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.millrace.proto.inference.ModelConfig;
import dev.millrace.proto.inference.ModelConfigRequest;
import dev.millrace.proto.inference.ModelMetadataRequest;
import dev.millrace.proto.inference.ModelMetadataResponse;
import dev.millrace.proto.inference.ModelReadyRequest;
import dev.millrace.proto.inference.ModelStatistics;
import dev.millrace.proto.inference.ModelStatisticsRequest;
import dev.millrace.proto.inference.RepositoryIndexRequest;
import dev.millrace.proto.inference.RepositoryIndexResponse.ModelIndex;
import dev.millrace.proto.inference.ServerLiveRequest;
import dev.millrace.proto.inference.ServerMetadataRequest;
import dev.millrace.proto.inference.ServerMetadataResponse;
import dev.millrace.proto.inference.ServerReadyRequest;
import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Everything that a gateway says about itself. */
@Timeout(60)
class MetadataTest {
  private static final Set<String> OF_SHARED_GPUS =
      Set.of("millrace_runs_limit", "millrace_learned_runs_gain");

  private static final Set<String> SERVED =
      Set.of(
          "ServerLive",
          "ServerReady",
          "ModelReady",
          "ServerMetadata",
          "ModelMetadata",
          "ModelInfer",
          "ModelConfig",
          "ModelStatistics",
          "RepositoryIndex",
          "RepositoryModelLoad",
          "RepositoryModelUnload");

  private static TestGateway gateway;

  @BeforeAll
  static void start(@TempDir Path folder) {
    byte[] scores =
        OnnxGraphBuilder.named("scores")
            .input("image", DataType.FP32, "n", 1, "h", "w")
            .input("mask", DataType.BOOL, "n", 3)
            .output("same", DataType.FP32, "n", 1, "h", "w")
            .output("mask_as_numbers", DataType.INT64, "n", 3)
            .node("Identity", List.of("image"), List.of("same"))
            .node(
                "Cast",
                List.of("mask"),
                List.of("mask_as_numbers"),
                Attribute.of("to", DataType.INT64))
            .build();
    gateway =
        TestGateway.over(folder)
            .model("scores", scores)
            .model("mixed", OnnxModels.cumsum(0))
            .model("versions", 1, OnnxModels.identity(DataType.FP32, "n", 4))
            .model("versions", 3, OnnxModels.identity(DataType.FP32, "n", 4))
            .file("versions/model.yaml", "version_policy: all\nreplicas: 2\nmax_batch_size: 16\n")
            .echo("echo", "counted", "inputs = x FP32[-1,4]\nfail_when = 666")
            .model("broken", "no model".getBytes(StandardCharsets.UTF_8))
            .file("broken/model.yaml", "required: false\n")
            // never asked: nothing is deployed
            .set(
                ConfigKey.REGISTRIES,
                List.of(new ModelLocation.Mlflow(URI.create("http://127.0.0.1:1"))))
            .start();
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static GRPCInferenceServiceBlockingStub stub() {
    return gateway.stub();
  }

  // --- the server

  @Test
  void theServerIsLiveAndReady() {
    assertThat(stub().serverLive(ServerLiveRequest.getDefaultInstance()).getLive()).isTrue();
    assertThat(stub().serverReady(ServerReadyRequest.getDefaultInstance()).getReady()).isTrue();
  }

  @Test
  void theServerSaysWhatItIs() {
    ServerMetadataResponse server =
        stub().serverMetadata(ServerMetadataRequest.getDefaultInstance());
    assertThat(server.getName()).isEqualTo("millrace");
    assertThat(server.getVersion()).isNotBlank();
    assertThat(server.getExtensionsList()).contains("statistics", "model_configuration");
  }

  @Test
  void aServerThatMissesARequiredModelIsLiveAndNotReady(@TempDir Path folder) {
    try (TestGateway incomplete =
        TestGateway.over(folder)
            .echo("echo", "refusing", "load_failure = no such device")
            .start()) {
      assertThat(incomplete.stub().serverLive(ServerLiveRequest.getDefaultInstance()).getLive())
          .isTrue();
      assertThat(incomplete.stub().serverReady(ServerReadyRequest.getDefaultInstance()).getReady())
          .isFalse();
      assertThat(incomplete.get("/v2/health/live").statusCode()).isEqualTo(200);
      assertThat(incomplete.get("/v2/health/ready").statusCode()).isEqualTo(503);
      assertThat(
              HealthGrpc.newBlockingStub(incomplete.channel())
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(ServingStatus.NOT_SERVING);
    }
  }

  // --- models

  @Test
  void aModelIsReadyOnlyIfItServes() {
    assertThat(isReady("scores", "")).isTrue();
    assertThat(isReady("scores", "1")).isTrue();
    assertThat(isReady("scores", "2")).isFalse();
    assertThat(isReady("broken", "")).isFalse();
    assertThat(isReady("nobody", "")).isFalse();
    assertThat(isReady("", "")).isFalse();
  }

  private static boolean isReady(String model, String version) {
    return stub()
        .modelReady(ModelReadyRequest.newBuilder().setName(model).setVersion(version).build())
        .getReady();
  }

  @Test
  void metadataHasFullShapesAndSaysHowRequestsAreRun() {
    ModelMetadataResponse scores =
        stub().modelMetadata(ModelMetadataRequest.newBuilder().setName("scores").build());

    assertThat(scores.getPlatform()).isEqualTo("onnxruntime_onnx");
    assertThat(scores.getVersionsList()).containsExactly("1");
    assertThat(scores.getInputsList())
        .extracting(t -> t.getName() + " " + t.getDatatype() + t.getShapeList())
        .containsExactly("image FP32[-1, 1, -1, -1]", "mask BOOL[-1, 3]");
    assertThat(scores.getOutputsList())
        .extracting(t -> t.getName() + " " + t.getDatatype() + t.getShapeList())
        .containsExactly("same FP32[-1, 1, -1, -1]", "mask_as_numbers INT64[-1, 3]");
    assertThat(scores.getPropertiesMap().get("batching")).isEqualTo("batches of up to 128 rows");
    assertThat(
            stub()
                .modelMetadata(ModelMetadataRequest.newBuilder().setName("mixed").build())
                .getPropertiesMap()
                .get("batching"))
        .startsWith("one request at a time: ");
  }

  @Test
  void metadataListsAllVersionsThatServeOrTheOneAskedFor() {
    ModelMetadataRequest.Builder versions = ModelMetadataRequest.newBuilder().setName("versions");
    assertThat(stub().modelMetadata(versions.build()).getVersionsList()).containsExactly("1", "3");
    assertThat(stub().modelMetadata(versions.setVersion("1").build()).getVersionsList())
        .containsExactly("1");
  }

  @Test
  void theConfigurationIsNeverAbsentAndLeavesTheBatchAxisOut() {
    ModelConfig scores = config("scores");
    assertThat(scores.getName()).isEqualTo("scores");
    assertThat(scores.getBackend()).isEqualTo("onnxruntime");
    assertThat(scores.getMaxBatchSize()).isEqualTo(128);
    assertThat(scores.getInput(0).getDimsList()).containsExactly(1L, -1L, -1L);
    assertThat(scores.getInput(0).getDataType())
        .isEqualTo(dev.millrace.proto.inference.DataType.TYPE_FP32);
    assertThat(scores.getOutput(1).getDimsList()).containsExactly(3L);
    assertThat(scores.hasDynamicBatching()).isTrue();

    ModelConfig mixed = config("mixed");
    assertThat(mixed.getMaxBatchSize()).isZero();
    assertThat(mixed.getInput(0).getDimsList()).containsExactly(-1L, 4L);
    assertThat(mixed.getParametersMap().get("batching").getStringValue())
        .startsWith("one request at a time: ");

    ModelConfig versions = config("versions");
    assertThat(versions.getMaxBatchSize()).isEqualTo(16);
    assertThat(versions.getInstanceGroup(0).getCount()).isEqualTo(2);
    assertThat(versions.getVersionPolicy().hasAll()).isTrue();
  }

  private static ModelConfig config(String model) {
    return stub().modelConfig(ModelConfigRequest.newBuilder().setName(model).build()).getConfig();
  }

  @Test
  void statisticsCountRequestsRowsRunsAndFailures() {
    ModelStatistics before = statistics("counted");

    gateway.infer("counted", Tensor.rows(1, 0));
    gateway.infer("counted", Tensor.rows(3, 0));
    assertThatThrownBy(() -> gateway.infer("counted", Tensor.rows(1, 666)))
        .isInstanceOf(StatusRuntimeException.class);
    assertThatThrownBy(() -> gateway.infer("counted", Tensor.rows(1, 0).named("z")))
        .isInstanceOf(StatusRuntimeException.class);

    ModelStatistics after = statistics("counted");
    assertThat(after.getInferenceCount() - before.getInferenceCount()).isEqualTo(4);
    assertThat(after.getExecutionCount() - before.getExecutionCount()).isEqualTo(2);
    assertThat(
            after.getInferenceStats().getSuccess().getCount()
                - before.getInferenceStats().getSuccess().getCount())
        .isEqualTo(2);
    assertThat(
            after.getInferenceStats().getFail().getCount()
                - before.getInferenceStats().getFail().getCount())
        .isEqualTo(2);
    assertThat(after.getInferenceStats().getSuccess().getNs())
        .isGreaterThan(after.getInferenceStats().getQueue().getNs());
    assertThat(after.getLastInference()).isGreaterThan(0);
    assertThat(after.getBatchStatsList()).extracting(s -> s.getBatchSize()).contains(1L, 3L);
  }

  private static ModelStatistics statistics(String model) {
    return stub()
        .modelStatistics(ModelStatisticsRequest.newBuilder().setName(model).build())
        .getModelStats(0);
  }

  @Test
  void statisticsOfNoModelInParticularAreThoseOfAll() {
    assertThat(
            stub().modelStatistics(ModelStatisticsRequest.getDefaultInstance()).getModelStatsList())
        .extracting(s -> s.getName() + "/" + s.getVersion())
        .containsExactlyInAnyOrder("scores/1", "mixed/1", "versions/1", "versions/3", "counted/1");
  }

  @Test
  void theIndexListsWhatServesAndWhatDoesNotWithItsReason() {
    List<ModelIndex> all =
        stub().repositoryIndex(RepositoryIndexRequest.getDefaultInstance()).getModelsList();
    assertThat(all)
        .extracting(m -> m.getName() + "/" + m.getVersion() + " " + m.getState())
        .contains("scores/1 READY", "versions/1 READY", "versions/3 READY", "broken/1 UNAVAILABLE");
    assertThat(gateway.index("broken", "1").orElseThrow().getReason())
        .contains("not an ONNX model");

    List<ModelIndex> ready =
        stub()
            .repositoryIndex(RepositoryIndexRequest.newBuilder().setReady(true).build())
            .getModelsList();
    assertThat(ready).extracting(ModelIndex::getState).containsOnly("READY");
    assertThat(ready).hasSize(all.size() - 1);
  }

  static List<MethodDescriptor<?, ?>> notServed() {
    return GRPCInferenceServiceGrpc.getServiceDescriptor().getMethods().stream()
        .filter(method -> !SERVED.contains(method.getBareMethodName()))
        .<MethodDescriptor<?, ?>>map(method -> method)
        .toList();
  }

  @ParameterizedTest
  @MethodSource("notServed")
  void theOtherCallsAreUnimplemented(MethodDescriptor<?, ?> method) {
    assertThat(notServed()).hasSize(20 - SERVED.size());
    assertThatThrownBy(() -> callWithNothing(method))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED));
  }

  private static <Q, R> void callWithNothing(MethodDescriptor<Q, R> method) {
    Q nothing = method.parseRequest(ByteString.EMPTY.newInput());
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS);
    if (method.getType() == MethodDescriptor.MethodType.UNARY) {
      ClientCalls.blockingUnaryCall(gateway.channel(), method, options, nothing);
    } else {
      ClientCalls.blockingServerStreamingCall(gateway.channel(), method, options, nothing).next();
    }
  }

  // --- health and reflection

  @Test
  void healthKnowsTheServerAndItsService() {
    for (String service : new String[] {"", "inference.GRPCInferenceService"}) {
      assertThat(
              HealthGrpc.newBlockingStub(gateway.channel())
                  .withDeadlineAfter(20, TimeUnit.SECONDS)
                  .check(HealthCheckRequest.newBuilder().setService(service).build())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
    }
  }

  @Test
  void aHealthWatchBeginsWithTheStatusOfNow() throws Exception {
    First<HealthCheckResponse> first = new First<>(new CompletableFuture<>());
    try (Context.CancellableContext watching = Context.current().withCancellation()) {
      watching.run(
          () ->
              HealthGrpc.newStub(gateway.channel())
                  .watch(HealthCheckRequest.getDefaultInstance(), first));
      assertThat(first.message().get(20, TimeUnit.SECONDS).getStatus())
          .isEqualTo(ServingStatus.SERVING);
    }
  }

  @Test
  void reflectionListsTheServicesAndResolvesModelInfer() throws Exception {
    ServerReflectionResponse services =
        reflect(ServerReflectionRequest.newBuilder().setListServices("").build());
    assertThat(services.getListServicesResponse().getServiceList())
        .extracting(ServiceResponse::getName)
        .contains(
            "inference.GRPCInferenceService",
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection");

    ServerReflectionResponse file =
        reflect(
            ServerReflectionRequest.newBuilder()
                .setFileContainingSymbol("inference.GRPCInferenceService.ModelInfer")
                .build());
    FileDescriptorProto descriptor =
        FileDescriptorProto.parseFrom(file.getFileDescriptorResponse().getFileDescriptorProto(0));
    assertThat(descriptor.getService(0).getMethodList())
        .extracting(method -> method.getName())
        .hasSize(20)
        .contains("ModelInfer");

    assertThat(
            reflect(
                    ServerReflectionRequest.newBuilder()
                        .setFileContainingSymbol("grpc.health.v1.Health")
                        .build())
                .hasFileDescriptorResponse())
        .isTrue();
  }

  private static ServerReflectionResponse reflect(ServerReflectionRequest request)
      throws Exception {
    First<ServerReflectionResponse> first = new First<>(new CompletableFuture<>());
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(gateway.channel()).serverReflectionInfo(first);
    requests.onNext(request);
    requests.onCompleted();
    return first.message().get(20, TimeUnit.SECONDS);
  }

  @Test
  @SuppressWarnings("deprecation")
  void olderReflectionDoesTheSame() throws Exception {
    First<io.grpc.reflection.v1alpha.ServerReflectionResponse> first =
        new First<>(new CompletableFuture<>());
    StreamObserver<io.grpc.reflection.v1alpha.ServerReflectionRequest> requests =
        io.grpc.reflection.v1alpha.ServerReflectionGrpc.newStub(gateway.channel())
            .serverReflectionInfo(first);
    requests.onNext(
        io.grpc.reflection.v1alpha.ServerReflectionRequest.newBuilder()
            .setFileContainingSymbol("inference.GRPCInferenceService.ModelInfer")
            .build());
    requests.onCompleted();
    assertThat(first.message().get(20, TimeUnit.SECONDS).hasFileDescriptorResponse()).isTrue();
  }

  private record First<T>(CompletableFuture<T> message) implements StreamObserver<T> {
    @Override
    public void onNext(T next) {
      message.complete(next);
    }

    @Override
    public void onError(Throwable cause) {
      message.completeExceptionally(cause);
    }

    @Override
    public void onCompleted() {}
  }

  // --- HTTP

  @Test
  void metricsHaveEveryMetricOfOursWithTypeAndSamples() {
    gateway.infer("counted", Tensor.rows(1, 0));
    Exposition metrics = gateway.metrics();
    Matcher rows = Pattern.compile("\\| `(\\w+)` \\| (\\w+) \\|").matcher(Metric.toMarkdown());
    int found = 0;
    while (rows.find()) {
      String name = rows.group(1);
      String type = rows.group(2);
      found++;
      if (name.startsWith("millrace_gpu_") || OF_SHARED_GPUS.contains(name)) {
        continue; // there are none without a GPU
      }
      assertThat(metrics.types()).containsEntry(name, type);
      assertThat(metrics.of(type.equals("histogram") ? name + "_count" : name))
          .as(name)
          .isNotEmpty();
    }
    assertThat(found).isEqualTo(Metric.values().length);
  }

  @Test
  void metricsHaveTheVirtualMachines() {
    Set<String> names =
        gateway.metrics().samples().stream()
            .map(Exposition.Sample::name)
            .collect(Collectors.toSet());
    assertThat(names)
        .contains(
            "jvm_memory_bytes_used",
            "jvm_threads_current",
            "jvm_gc_collection_seconds_count",
            "jvm_buffer_pool_used_bytes",
            "process_cpu_seconds_total");
  }

  @Test
  void metricsAgreeWithWhatWasDone() {
    String[] model = {"model", "counted", "version", "1"};
    Exposition before = gateway.metrics();

    for (int i = 1; i <= 10; i++) {
      gateway.infer("counted", Tensor.rows(i, 0));
    }
    assertThatThrownBy(() -> gateway.infer("counted", Tensor.rows(1, 666)))
        .isInstanceOf(StatusRuntimeException.class);
    assertThatThrownBy(() -> gateway.infer("nobody", Tensor.rows(1, 0)))
        .isInstanceOf(StatusRuntimeException.class);

    await()
        .untilAsserted(
            () -> {
              Exposition after = gateway.metrics();
              assertThat(grown(before, after, "millrace_rows_total", model)).isEqualTo(55);
              assertThat(grown(before, after, "millrace_batches_total", model)).isEqualTo(10);
              assertThat(
                      grown(
                          before,
                          after,
                          "millrace_requests_total",
                          "model",
                          "counted",
                          "outcome",
                          "ok"))
                  .isEqualTo(10);
              assertThat(
                      grown(
                          before,
                          after,
                          "millrace_requests_total",
                          "model",
                          "counted",
                          "outcome",
                          "engine"))
                  .isEqualTo(1);
              assertThat(
                      grown(
                          before,
                          after,
                          "millrace_unrouted_requests_total",
                          "outcome",
                          "not_found"))
                  .isGreaterThanOrEqualTo(1);
              assertThat(grown(before, after, "millrace_batch_rows_sum", model)).isEqualTo(55);
              assertThat(grown(before, after, "millrace_batch_rows_count", model)).isEqualTo(10);
              assertThat(
                      grown(
                          before,
                          after,
                          "millrace_batch_rows_bucket",
                          "model",
                          "counted",
                          "le",
                          "4.0"))
                  .isEqualTo(4);
              assertThat(grown(before, after, "millrace_request_seconds_count", model))
                  .isEqualTo(10);
              assertThat(grown(before, after, "millrace_request_seconds_sum", model))
                  .isGreaterThan(0);
            });
  }

  private static double grown(Exposition before, Exposition after, String name, String... labels) {
    return after.sum(name, labels) - before.sum(name, labels);
  }

  @Test
  void histogramsAreCumulativeAndEndInTheirCount() {
    gateway.infer("counted", Tensor.rows(5, 0));
    Exposition metrics = gateway.metrics();
    for (String name :
        List.of("batch_rows", "queue_seconds", "execution_seconds", "request_seconds")) {
      double last = 0;
      for (Exposition.Sample bucket :
          metrics.of("millrace_" + name + "_bucket", "model", "counted")) {
        assertThat(bucket.value()).isGreaterThanOrEqualTo(last);
        last = bucket.value();
      }
      assertThat(metrics.sum("millrace_" + name + "_bucket", "model", "counted", "le", "+Inf"))
          .isEqualTo(last)
          .isEqualTo(metrics.sum("millrace_" + name + "_count", "model", "counted"));
    }
  }

  @Test
  void oneStateOfEachVersionIsOne() {
    Exposition metrics = gateway.metrics();
    assertThat(metrics.sum("millrace_state", "model", "scores")).isEqualTo(1);
    assertThat(metrics.sum("millrace_state", "model", "scores", "state", "ready")).isEqualTo(1);
    assertThat(metrics.sum("millrace_state", "model", "broken", "state", "failed")).isEqualTo(1);
  }

  @Test
  void healthOverHttpIsForProbes() {
    HttpResponse<String> ready = gateway.get("/v2/health/ready");
    assertThat(ready.statusCode()).isEqualTo(200);
    assertThat(ready.body()).isEqualTo("{\"ready\":true}\n");
    assertThat(gateway.get("/v2/health/live").statusCode()).isEqualTo(200);
    assertThat(gateway.get("/v2/health").statusCode()).isEqualTo(404);
    assertThat(gateway.get("/v2/health/readyness").statusCode()).isEqualTo(404);
  }
}
