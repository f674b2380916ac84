// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ModelControl;
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
import java.util.Optional;
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
    assertThat(status(() -> load("a", "config")).getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(status(() -> load("a", "colour")).getDescription())
        .isEqualTo("unrecognized load parameter 'colour'.");
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
