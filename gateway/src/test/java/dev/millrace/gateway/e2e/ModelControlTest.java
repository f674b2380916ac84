// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ModelControl;
import dev.millrace.proto.inference.ModelConfigRequest;
import dev.millrace.proto.inference.ModelRepositoryParameter;
import dev.millrace.proto.inference.RepositoryIndexRequest;
import dev.millrace.proto.inference.RepositoryModelLoadRequest;
import dev.millrace.proto.inference.RepositoryModelUnloadRequest;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Models that are loaded and unloaded by calls of the protocol. */
@Timeout(90)
class ModelControlTest {
  private static final byte[] SAME = OnnxModels.identity(DataType.FP32, "n", 4);
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);

  @TempDir private Path folder;
  private TestGateway gateway;

  private TestGateway.Builder models() {
    return TestGateway.over(folder).model("a", SAME).model("b", NEGATED);
  }

  private void startExplicit(String... loaded) {
    gateway =
        models()
            .set(ConfigKey.MODEL_CONTROL, ModelControl.EXPLICIT)
            .set(ConfigKey.LOAD_MODELS, List.of(loaded))
            .start();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private void load(String model) {
    gateway
        .stub()
        .repositoryModelLoad(RepositoryModelLoadRequest.newBuilder().setModelName(model).build());
  }

  private void unload(String model) {
    gateway
        .stub()
        .repositoryModelUnload(
            RepositoryModelUnloadRequest.newBuilder().setModelName(model).build());
  }

  private float first(String model) {
    return gateway.infer(model, Tensor.rows(1, 1)).getFirst().floatValues()[0];
  }

  private static Status status(Runnable call) {
    try {
      call.run();
      return Status.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus();
    }
  }

  @Test
  void servesWhatIsAskedForAndNothingElse() {
    startExplicit("a");
    assertThat(first("a")).isEqualTo(1);
    assertThat(status(() -> first("b")).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(gateway.index("b", "").orElseThrow().getState()).isEqualTo("UNAVAILABLE");

    load("b");
    assertThat(first("b")).isEqualTo(-1);
    unload("a");
    assertThat(status(() -> first("a")).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(
            gateway
                .stub()
                .repositoryIndex(RepositoryIndexRequest.newBuilder().setReady(true).build())
                .getModelsList())
        .extracting(model -> model.getName() + " " + model.getVersion())
        .containsExactly("b 1");
  }

  @Test
  void loadsAllThereAreForAStar() {
    startExplicit("*");

    assertThat(first("a")).isEqualTo(1);
    assertThat(first("b")).isEqualTo(-1);
  }

  @Test
  void aLoadSeesWhatHasChanged() {
    startExplicit("a");
    TestGateway.write(folder.resolve("models/a/2/model.onnx"), NEGATED);
    TestGateway.write(folder.resolve("models/c/1/model.onnx"), NEGATED);
    assertThat(first("a")).isEqualTo(1);

    load("a");
    load("c");

    assertThat(first("a")).isEqualTo(-1);
    assertThat(first("c")).isEqualTo(-1);
  }

  @Test
  void aLoadThatFailsSaysWhyAndWhatServedGoesOn() {
    startExplicit("a");
    TestGateway.write(folder.resolve("models/a/2/model.onnx"), new byte[] {1, 2, 3});

    Status status = status(() -> load("a"));

    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription()).startsWith("load failed for model 'a': version 2: not an");
    assertThat(first("a")).isEqualTo(1);
    assertThat(status(() -> load("nobody")).getDescription())
        .isEqualTo("load failed for model 'nobody': not in the repository");
  }

  @Test
  void takesTheNameWhereKserveHasIt() {
    startExplicit();

    gateway
        .stub()
        .repositoryModelLoad(
            RepositoryModelLoadRequest.newBuilder().setRepositoryName("a").build());

    assertThat(first("a")).isEqualTo(1);
  }

  @Test
  void unloadingWhatIsNotThereIsNoError() {
    startExplicit();

    assertThat(status(() -> unload("nobody"))).isEqualTo(Status.OK);
  }

  @Test
  void refusesWhatItDoesNotKnow() {
    startExplicit();

    assertThat(status(() -> load("../a")).getDescription()).startsWith("model_name: '../a'");
    assertThat(status(() -> load("a", "config")).getDescription())
        .startsWith("load parameter 'config': ");
    assertThat(status(() -> load("a", "file:1/model.onnx")).getDescription())
        .isEqualTo(
            "invalid value type for load parameter 'file:1/model.onnx', expected bytes_param.");
    assertThat(status(() -> load("a", null, Map.of("file:1/m.onnx", SAME))).getDescription())
        .startsWith("load parameter 'file:1/m.onnx' without 'config'");
    assertThat(status(() -> load("a", "{}", Map.of("file:../m.onnx", SAME))).getDescription())
        .isEqualTo("load parameter 'file:../m.onnx' (expected a name such as file:1/model.onnx)");
    assertThat(status(() -> load("a", "colour")).getDescription())
        .isEqualTo("unrecognized load parameter 'colour'.");
  }

  private void load(String model, @Nullable String config, Map<String, byte[]> files) {
    RepositoryModelLoadRequest.Builder request =
        RepositoryModelLoadRequest.newBuilder().setModelName(model);
    if (config != null) {
      request.putParameters(
          "config", ModelRepositoryParameter.newBuilder().setStringParam(config).build());
    }
    files.forEach(
        (name, content) ->
            request.putParameters(
                name,
                ModelRepositoryParameter.newBuilder()
                    .setBytesParam(ByteString.copyFrom(content))
                    .build()));
    gateway.stub().repositoryModelLoad(request.build());
  }

  private int maxBatchSize(String model) {
    return gateway
        .stub()
        .modelConfig(ModelConfigRequest.newBuilder().setName(model).build())
        .getConfig()
        .getMaxBatchSize();
  }

  @Test
  void aLoadBringsAConfigurationAlongAndTheNextOneForgetsIt() {
    gateway =
        models()
            .file("a/model.yaml", "max_batch_size: 16")
            .set(ConfigKey.MODEL_CONTROL, ModelControl.EXPLICIT)
            .start();
    load("a");
    assertThat(maxBatchSize("a")).isEqualTo(16);

    load("a", "{\"maxBatchSize\": 4, \"instance_group\": [{\"count\": 2}]}", Map.of());
    assertThat(maxBatchSize("a")).isEqualTo(4);
    assertThat(gateway.metrics().sum("millrace_replicas", "model", "a")).isEqualTo(2);

    load("a");
    assertThat(maxBatchSize("a")).isEqualTo(16);
  }

  @Test
  void aConfigurationMayAskForOtherVersions() {
    gateway =
        models().model("a", 2, NEGATED).set(ConfigKey.MODEL_CONTROL, ModelControl.EXPLICIT).start();

    load("a", "{\"version_policy\": {\"specific\": {\"versions\": [1]}}}", Map.of());
    assertThat(first("a")).isEqualTo(1);

    load("a");
    assertThat(first("a")).isEqualTo(-1);
  }

  @Test
  void aLoadBringsAWholeModelAlong() throws Exception {
    startExplicit("a");
    assertThat(first("a")).isEqualTo(1);

    load("a", "{\"backend\": \"onnxruntime\"}", Map.of("file:7/model.onnx", NEGATED));
    load("new", "{\"max_batch_size\": 2}", Map.of("file:1/model.onnx", NEGATED));

    assertThat(first("a")).isEqualTo(-1);
    assertThat(gateway.index("a", "7").orElseThrow().getState()).isEqualTo("READY");
    assertThat(gateway.index("a", "1")).isEmpty();
    assertThat(first("new")).isEqualTo(-1);
    load("b"); // leaves what was brought
    assertThat(first("new")).isEqualTo(-1);

    unload("new");
    load("a");
    assertThat(first("a")).isEqualTo(1);
    assertThat(status(() -> load("new")).getDescription()).endsWith("not in the repository");
    try (Stream<Path> left = Files.walk(folder.resolve("staging/brought/models"))) {
      assertThat(left.filter(Files::isRegularFile)).isEmpty();
    }
  }

  @Test
  void whatIsBroughtAndCannotBeLoadedLeavesWhatServes() {
    startExplicit("a");

    Status bad = status(() -> load("a", "{}", Map.of("file:1/model.onnx", new byte[] {1, 2})));
    assertThat(bad.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(bad.getDescription()).startsWith("load failed for model 'a': version 1: not an");
    assertThat(first("a")).isEqualTo(1);

    Status name = status(() -> load("a", "{\"name\": \"b\"}", Map.of()));
    assertThat(name.getDescription()).contains("name: 'b' (expected the folder's, 'a')");
    assertThat(first("a")).isEqualTo(1);

    load("a");
    assertThat(first("a")).isEqualTo(1);
  }

  private void load(String model, String parameter) {
    gateway
        .stub()
        .repositoryModelLoad(
            RepositoryModelLoadRequest.newBuilder()
                .setModelName(model)
                .putParameters(
                    parameter, ModelRepositoryParameter.newBuilder().setStringParam("x").build())
                .build());
  }

  @Test
  void isRefusedWithoutExplicitControl() {
    gateway = models().start();

    Status status = status(() -> unload("a"));

    assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(status.getDescription())
        .startsWith("explicit model load / unload is not allowed if polling is enabled");
    assertThat(first("a")).isEqualTo(1);
  }

  @Test
  void needsTheTokenIfThereIsOne() throws Exception {
    Path token = Files.writeString(folder.resolve("token"), "s3cret");
    gateway =
        models()
            .set(ConfigKey.MODEL_CONTROL, ModelControl.EXPLICIT)
            .set(ConfigKey.ADMIN_TOKEN_FILE, Optional.of(token))
            .start();
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(() -> load("a"))
        .withMessageContaining("UNAUTHENTICATED");

    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer s3cret");
    gateway
        .stub()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .repositoryModelLoad(RepositoryModelLoadRequest.newBuilder().setModelName("a").build());

    assertThat(first("a")).isEqualTo(1);
  }
}
