// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.clients.BackgroundProgram;
import dev.millrace.gateway.clients.BearerProxy;
import dev.millrace.gateway.clients.MlflowServer;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.MlflowAccess;
import dev.millrace.gateway.config.ModelLocation;
import io.grpc.StatusRuntimeException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Models of a real MLflow server, deployed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MlflowDeploymentTest {
  private static final byte[] SAME = OnnxModels.identity(DataType.FP32, "n", 4);
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);

  /** y = x · w, and w beside the model, as MLflow leaves it. */
  private static final byte[] EXTERNAL =
      OnnxGraphBuilder.named("external")
          .input("x", DataType.FP32, "n", 4)
          .output("y", DataType.FP32, "n", 1)
          .externalInitializer("w", "0b1c.data", 0, 16, 4, 1)
          .node("MatMul", List.of("x", "w"), List.of("y"))
          .build();

  private static final byte[] HALVES = floats(0.5f, 0.5f, 0.5f, 0.5f);

  private static byte[] floats(float... values) {
    return Tensor.floats("w", values, values.length).raw().toByteArray();
  }

  private Path mlflowFolder;
  private int port;
  private MlflowServer mlflow;
  private TestGateway gateway;

  @BeforeAll
  void startsMlflow(@TempDir Path folder) throws Exception {
    mlflowFolder = folder;
    port = BackgroundProgram.freePort();
    mlflow = MlflowServer.start(folder, port);
  }

  @AfterAll
  void stopsMlflow() {
    if (mlflow != null) {
      mlflow.close();
    }
  }

  @AfterEach
  void stopsTheGateway() {
    if (gateway != null) {
      gateway.close();
    }
  }

  private void start(Path folder) {
    gateway = configured(folder).start();
  }

  private TestGateway.Builder configured(Path folder) {
    return TestGateway.over(folder)
        .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
        .set(ConfigKey.REGISTRIES, List.of(new ModelLocation.Mlflow(mlflow.uri())))
        .set(ConfigKey.REGISTRY_POLL_INTERVAL, Duration.ofMillis(200));
  }

  /** What the deployment makes of 1, 2, 3, 4. */
  private float first(String model) {
    return gateway.infer(model, Tensor.rows(1, 1)).getFirst().floatValues()[0];
  }

  private void awaitFirst(String model, float expected) {
    await()
        .atMost(TestGateway.PATIENCE)
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .untilAsserted(() -> assertThat(first(model)).isEqualTo(expected));
  }

  private double fetchedBytes() {
    return gateway
        .metrics()
        .sum("millrace_downloaded_bytes_total", "registry", "MLflow at " + mlflow.uri());
  }

  private double unreachableSeconds() {
    return gateway
        .metrics()
        .sum("millrace_registry_unreachable_seconds", "registry", "MLflow at " + mlflow.uri());
  }

  @Test
  void followsAnAliasThroughAnOutageAndARestart(@TempDir Path folder) throws Exception {
    mlflow.register("fraud");
    mlflow.alias("fraud", "champion", mlflow.onnxVersion("fraud", SAME));
    start(folder);
    gateway.deploy("fraud", "{\"version\": \"@champion\"}");
    awaitFirst("fraud", 1);

    long second = mlflow.onnxVersion("fraud", NEGATED);
    long begin = System.nanoTime();
    mlflow.alias("fraud", "champion", second);
    awaitFirst("fraud", -1);
    System.out.printf(
        "MLflow: the version of an alias served %d ms after it was moved (polled each 200 ms)%n",
        (System.nanoTime() - begin) / 1_000_000);

    assertThat(gateway.metrics().sum("millrace_cache_bytes"))
        .isGreaterThan(SAME.length + NEGATED.length);
    assertThat(fetchedBytes()).isGreaterThan(SAME.length + NEGATED.length);

    mlflow.close();
    assertThat(first("fraud")).isEqualTo(-1);
    await().atMost(TestGateway.PATIENCE).until(() -> unreachableSeconds() > 0);
    gateway.close();
    start(folder);
    awaitFirst("fraud", -1);
    assertThat(fetchedBytes()).isZero();
    assertThat(unreachableSeconds()).isPositive();

    mlflow = MlflowServer.start(mlflowFolder, port);
    mlflow.alias("fraud", "champion", 1);
    awaitFirst("fraud", 1);
    assertThat(unreachableSeconds()).isZero();
  }

  @Test
  void aWebhookHasAnAliasFollowedLongBeforeTheNextPoll(@TempDir Path folder) throws Exception {
    mlflow.register("hooked");
    mlflow.alias("hooked", "champion", mlflow.onnxVersion("hooked", SAME));
    long second = mlflow.onnxVersion("hooked", NEGATED);
    Path secret = Files.writeString(folder.resolve("secret"), "s3cret");
    gateway =
        configured(folder)
            .set(ConfigKey.REGISTRY_POLL_INTERVAL, Duration.ofHours(1))
            .set(ConfigKey.MLFLOW_WEBHOOK_SECRET_FILE, Optional.of(secret))
            .start();
    gateway.deploy("hooked", "{\"version\": \"@champion\"}");
    awaitFirst("hooked", 1);
    URI hook =
        URI.create("http://127.0.0.1:" + gateway.gateway().httpPort() + "/admin/v1/hooks/mlflow");
    String stranger = mlflow.webhook(hook, "another");
    String webhook = mlflow.webhook(hook, "s3cret");

    try {
      long begin = System.nanoTime();
      mlflow.alias("hooked", "champion", second);
      awaitFirst("hooked", -1);
      System.out.printf(
          "MLflow: the version of an alias served %d ms after it was moved (webhook, polled each hour)%n",
          (System.nanoTime() - begin) / 1_000_000);
      assertThat(mlflow.testWebhook(stranger).toString())
          .contains("response_status=401", "the signature is another one");
      assertThat(mlflow.testWebhook(webhook).toString())
          .contains("response_status=202", "the deployments are looked at");
      assertThat(gateway.metrics().sum("millrace_mlflow_hooks_total", "outcome", "looked"))
          .isEqualTo(2);
      assertThat(gateway.metrics().sum("millrace_mlflow_hooks_total", "outcome", "forged"))
          .isPositive();
    } finally {
      mlflow.deleteWebhook(stranger);
      mlflow.deleteWebhook(webhook);
    }
  }

  @Test
  void servesNumbersTheLatestAndExternalData(@TempDir Path folder) throws Exception {
    mlflow.register("big");
    mlflow.onnxVersion("big", SAME);
    mlflow.version(
        "big",
        Map.of(
            "MLmodel",
            MlflowServer.ONNX.getBytes(UTF_8),
            "model.onnx",
            EXTERNAL,
            "0b1c.data",
            HALVES));
    start(folder);

    gateway.deploy("one", "{\"model\": \"big\", \"version\": \"1\"}");
    gateway.deploy("newest", "{\"model\": \"big\"}");

    awaitFirst("one", 1);
    awaitFirst("newest", 5);
  }

  @Test
  void saysWhatIsNotThere(@TempDir Path folder) throws Exception {
    mlflow.register("known");
    mlflow.onnxVersion("known", SAME);
    start(folder);

    awaitObstacle("known", "7", "model 'known': version 7 not found in MLflow at " + mlflow.uri());
    awaitObstacle("known", "@nobody", "alias 'nobody' not found in MLflow at " + mlflow.uri());
    awaitObstacle("unknown", "1", "not found");
  }

  @Test
  void refusesAVersionThatIsNoOnnxModel(@TempDir Path folder) throws Exception {
    mlflow.register("forest");
    mlflow.version(
        "forest",
        Map.of(
            "MLmodel",
            "flavors: {sklearn: {}, python_function: {}}".getBytes(UTF_8),
            "model.skops",
            new byte[] {1}));
    start(folder);

    awaitObstacle("forest", "latest", "MLflow flavors [python_function, sklearn] (expected onnx");
  }

  /** MLflow itself knows no tokens: what demands them stands before it. */
  @Test
  void fetchesThroughAProxyThatDemandsTheTokenOfThatRegistry(@TempDir Path folder)
      throws Exception {
    mlflow.register("guarded");
    mlflow.alias("guarded", "champion", mlflow.onnxVersion("guarded", NEGATED));
    Path token = Files.writeString(folder.resolve("token"), "t0ken\n");
    Path another = Files.writeString(folder.resolve("another"), "of another server");
    try (BearerProxy proxy = new BearerProxy(mlflow.uri(), "t0ken")) {
      MlflowAccess access =
          new MlflowAccess(Optional.empty(), Optional.empty(), Optional.of(token));
      gateway =
          configured(folder)
              .set(ConfigKey.REGISTRIES, List.of(new ModelLocation.Mlflow(proxy.uri(), access)))
              .set(ConfigKey.MLFLOW_TOKEN_FILE, Optional.of(another))
              .start();

      gateway.deploy("guarded", "{\"version\": \"@champion\"}");
      awaitFirst("guarded", -1);

      assertThat(proxy.refused()).isEmpty();
      assertThat(proxy.passed()).anyMatch(path -> path.endsWith("/model.onnx"));
    }
  }

  @Test
  void saysThatAProxyDemandsAnotherToken(@TempDir Path folder) throws Exception {
    mlflow.register("locked");
    mlflow.onnxVersion("locked", SAME);
    Path token = Files.writeString(folder.resolve("token"), "an old one");
    try (BearerProxy proxy = new BearerProxy(mlflow.uri(), "t0ken")) {
      gateway =
          configured(folder)
              .set(ConfigKey.REGISTRIES, List.of(new ModelLocation.Mlflow(proxy.uri())))
              .set(ConfigKey.MLFLOW_TOKEN_FILE, Optional.of(token))
              .start();

      awaitObstacle("locked", "1", "answers HTTP 401");

      assertThat(gateway.get("/admin/v1/deployments/locked").body())
          .contains("expected other credentials")
          .doesNotContain("an old one");
      assertThat(proxy.passed()).isEmpty();
    }
  }

  private void awaitObstacle(String model, String version, String reason) {
    gateway.deploy(model, "{\"version\": \"" + version + "\"}");
    await()
        .atMost(TestGateway.PATIENCE)
        .untilAsserted(
            () ->
                assertThat(gateway.get("/admin/v1/deployments/" + model).body()).contains(reason));
  }
}
