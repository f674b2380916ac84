// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.clients.BackgroundProgram;
import dev.millrace.gateway.clients.S3Server;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ModelLocation;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/** Models in a real server that speaks S3, served and deployed. */
class S3DeploymentTest {
  private static final byte[] SAME = OnnxModels.identity(DataType.FP32, "n", 4);
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);
  private static final ModelLocation MODELS = new ModelLocation.S3("models", "prod");

  @TempDir private Path folder;
  private int port;
  private S3Server server;
  private TestGateway gateway;

  @BeforeEach
  void startsTheServer() throws Exception {
    port = BackgroundProgram.freePort();
    server = S3Server.start(folder, port);
    try (S3Client client = server.client()) {
      client.createBucket(request -> request.bucket("models"));
    }
  }

  @AfterEach
  void stops() {
    server.close();
    if (gateway != null) {
      gateway.close();
    }
  }

  private void put(String name, byte[] content) {
    try (S3Client client = server.client()) {
      client.putObject(
          request -> request.bucket("models").key("prod/" + name), RequestBody.fromBytes(content));
    }
  }

  private TestGateway.Builder configured() {
    return TestGateway.over(folder)
        .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
        .set(ConfigKey.S3_ENDPOINT, Optional.of(server.uri()))
        .set(ConfigKey.REGISTRY_POLL_INTERVAL, Duration.ofMillis(200));
  }

  /** What the model makes of 1, 2, 3, 4. */
  private float first(String model) {
    return gateway.infer(model, Tensor.rows(1, 1)).getFirst().floatValues()[0];
  }

  private void awaitFirst(String model, float expected) {
    await()
        .atMost(TestGateway.PATIENCE)
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .untilAsserted(() -> assertThat(first(model)).isEqualTo(expected));
  }

  @Test
  void servesABucketThroughAnOutageAndARestart() throws Exception {
    put("fraud/config.pbtxt", "backend: \"onnxruntime\"".getBytes(UTF_8));
    put("fraud/1/model.onnx", SAME);
    gateway = configured().set(ConfigKey.REPOSITORIES, List.of(MODELS)).polling().start();
    awaitFirst("fraud", 1);

    put("fraud/2/model.onnx", NEGATED);
    awaitFirst("fraud", -1);

    server.close();
    assertThat(first("fraud")).isEqualTo(-1);
    gateway.close();
    gateway = configured().set(ConfigKey.REPOSITORIES, List.of(MODELS)).polling().start();
    assertThat(first("fraud")).isEqualTo(-1);

    server = S3Server.start(folder, port);
    put("fraud/3/model.onnx", SAME);
    awaitFirst("fraud", 1);
  }

  @Test
  void deploysTheLatestThroughAnOutageAndARestart() throws Exception {
    put("fraud/1/model.onnx", SAME);
    gateway = configured().set(ConfigKey.REGISTRIES, List.of(MODELS)).start();
    gateway.deploy("scoring", "{\"model\": \"fraud\"}");
    awaitFirst("scoring", 1);

    long begin = System.nanoTime();
    put("fraud/2/model.onnx", NEGATED);
    awaitFirst("scoring", -1);
    System.out.printf(
        "S3: a version served %d ms after it was put there (polled each 200 ms, settled in 2 s)%n",
        (System.nanoTime() - begin) / 1_000_000);

    server.close();
    assertThat(first("scoring")).isEqualTo(-1);
    gateway.close();
    gateway = configured().set(ConfigKey.REGISTRIES, List.of(MODELS)).start();
    awaitFirst("scoring", -1);

    server = S3Server.start(folder, port);
    put("fraud/3/model.onnx", SAME);
    awaitFirst("scoring", 1);
  }
}
