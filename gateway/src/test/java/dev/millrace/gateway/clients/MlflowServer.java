// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * A real MLflow server, which hands out artifacts itself; and what a training job does with it, by
 * REST, since MLflow's own library takes half a minute for a model.
 */
public final class MlflowServer implements AutoCloseable {
  public static final String ONNX = "flavors: {onnx: {data: model.onnx}, python_function: {}}";

  /** A Fernet key, so that webhooks can be read after a restart. */
  private static final String ENCRYPTION_KEY = Base64.getUrlEncoder().encodeToString(new byte[32]);

  static final Path REQUIREMENTS = Path.of("src/test/clients/mlflow-requirements.txt");
  private static final Duration START = Duration.ofMinutes(2);

  private final BackgroundProgram program;
  private final URI uri;

  private MlflowServer(BackgroundProgram program, URI uri) {
    this.program = program;
    this.uri = uri;
  }

  /**
   * Starts one over what {@code folder} holds of an earlier one.
   *
   * @param port of the loopback interface
   */
  public static MlflowServer start(Path folder, int port) throws Exception {
    Provision python = PythonEnvironment.provide(REQUIREMENTS, ProvisionCache.ofThisUser());
    return switch (python) {
      case Provision.Installed installed -> start(installed.program(), folder, port);
      case Provision.Impossible impossible -> throw Skip.because("mlflow", impossible.reason());
    };
  }

  private static MlflowServer start(Path python, Path folder, int port) throws IOException {
    List<String> command =
        List.of(
            python.toString(),
            "-m",
            "mlflow",
            "server",
            "--backend-store-uri",
            "sqlite:///" + folder + "/mlflow.db",
            "--serve-artifacts",
            "--artifacts-destination",
            folder + "/artifacts",
            "--host",
            "127.0.0.1",
            "--port",
            Integer.toString(port),
            "--workers",
            "1");
    Map<String, String> environment =
        Map.of(
            "MLFLOW_WEBHOOK_ALLOWED_SCHEMES",
            "http,https",
            "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS",
            "true",
            "MLFLOW_WEBHOOK_CACHE_TTL",
            "0",
            "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY",
            ENCRYPTION_KEY,
            "MLFLOW_DISABLE_TELEMETRY",
            "true",
            "PATH",
            python.getParent() + ":" + System.getenv("PATH"));
    MlflowServer server =
        new MlflowServer(
            BackgroundProgram.start(command, environment, port, folder.resolve("mlflow.log")),
            URI.create("http://127.0.0.1:" + port));
    try {
      await().atMost(START).ignoreExceptions().until(() -> server.isHealthy());
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw new AssertionError(Files.readString(folder.resolve("mlflow.log")), e);
    }
  }

  private boolean isHealthy() throws IOException, InterruptedException {
    return send("GET", "/health", new byte[0]).statusCode() == 200;
  }

  public URI uri() {
    return uri;
  }

  private HttpResponse<String> send(String method, String path, byte[] body)
      throws IOException, InterruptedException {
    // one connection a request: the server closes idle ones at any time
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(uri.resolve(path))
              .header("Content-Type", "application/json")
              .timeout(START)
              .method(method, HttpRequest.BodyPublishers.ofByteArray(body))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  public Map<?, ?> post(String path, String json) throws IOException, InterruptedException {
    return call("POST", path, json);
  }

  private Map<?, ?> call(String method, String path, String json)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = send(method, "/api/2.0/mlflow/" + path, json.getBytes(UTF_8));
    if (answer.statusCode() != 200) {
      throw new AssertionError(path + ": " + answer.body());
    }
    return (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(answer.body());
  }

  public void register(String model) throws IOException, InterruptedException {
    post("registered-models/create", "{\"name\": \"%s\"}".formatted(model));
  }

  /**
   * Logs a model's files, and registers them as its next version.
   *
   * @return the version's number
   */
  public long version(String model, Map<String, byte[]> files)
      throws IOException, InterruptedException {
    Map<?, ?> run =
        (Map<?, ?>)
            ((Map<?, ?>) post("runs/create", "{\"experiment_id\": \"0\"}").get("run")).get("info");
    String place = (String) run.get("artifact_uri");
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      String path = URI.create(place).getPath() + "/model/" + file.getKey();
      HttpResponse<String> answer =
          send("PUT", "/api/2.0/mlflow-artifacts/artifacts" + path, file.getValue());
      if (answer.statusCode() != 200) {
        throw new AssertionError(path + ": " + answer.body());
      }
    }
    Map<?, ?> created =
        post(
            "model-versions/create",
            "{\"name\": \"%s\", \"source\": \"%s/model\", \"run_id\": \"%s\"}"
                .formatted(model, place, run.get("run_id")));
    return Long.parseLong((String) ((Map<?, ?>) created.get("model_version")).get("version"));
  }

  public long onnxVersion(String model, byte[] graph) throws IOException, InterruptedException {
    return version(model, Map.of("MLmodel", ONNX.getBytes(UTF_8), "model.onnx", graph));
  }

  public void alias(String model, String alias, long version)
      throws IOException, InterruptedException {
    post(
        "registered-models/alias",
        "{\"name\": \"%s\", \"alias\": \"%s\", \"version\": \"%d\"}"
            .formatted(model, alias, version));
  }

  /**
   * Has each alias that moves told to {@code url}.
   *
   * @return the webhook's ID
   */
  public String webhook(URI url, String secret) throws IOException, InterruptedException {
    Map<?, ?> created =
        post(
            "webhooks",
            "{\"name\": \"millrace\", \"url\": \"%s\", \"secret\": \"%s\", \"status\": \"ACTIVE\", \"events\": [{\"entity\": \"MODEL_VERSION_ALIAS\", \"action\": \"CREATED\"}]}"
                .formatted(url, secret));
    return (String) ((Map<?, ?>) created.get("webhook")).get("webhook_id");
  }

  /** What a delivery that is a test was answered. */
  public Map<?, ?> testWebhook(String id) throws IOException, InterruptedException {
    return (Map<?, ?>) post("webhooks/" + id + "/test", "{}").get("result");
  }

  public void deleteWebhook(String id) throws IOException, InterruptedException {
    call("DELETE", "webhooks/" + id, "");
  }

  @Override
  public void close() {
    program.close();
  }
}
