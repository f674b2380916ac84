// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import io.grpc.StatusRuntimeException;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The administration as JSON over HTTP. */
@Timeout(90)
class AdminHttpTest {
  private static final byte[] SAME = OnnxModels.identity(DataType.FP32, "n", 4);
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);

  private final HttpClient http = HttpClient.newHttpClient();

  @TempDir private Path folder;
  private TestGateway gateway;

  private void start(TestGateway.Builder builder) {
    gateway = builder.set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data"))).start();
  }

  private void start() {
    start(TestGateway.over(folder));
  }

  @AfterEach
  void stop() {
    http.close();
    gateway.close();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + gateway.gateway().httpPort() + "/admin/v1" + path))
        .timeout(TestGateway.PATIENCE);
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return http.send(request.build(), BodyHandlers.ofString());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private HttpResponse<String> send(String method, String path, String body) {
    BodyPublisher content =
        body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
    return send(request(path).method(method, content));
  }

  private HttpResponse<String> push(String model, byte[] onnx, String query) {
    return send(
        request("/models/" + model + "/versions" + query).POST(BodyPublishers.ofByteArray(onnx)));
  }

  @Test
  void theWholeLifeOfADeployment() {
    start();
    assertThat(push("fraud", SAME, "?alias=champion&metadata.by=ci&note=first").body())
        .contains("\"version\": \"1\"", "x FP32[-1,4]", "\"by\": \"ci\"");
    HttpResponse<String> applied =
        send(
            "PUT",
            "/deployments/payments",
            "{\"model\": \"fraud\", \"version\": \"@champion\", \"update\": {\"bake\": \"0.2s\"}}");
    assertThat(applied.body()).contains("new deployment");
    await().atMost(TestGateway.PATIENCE).until(() -> answers("payments").equals("1"));

    assertThat(push("fraud", NEGATED, "").statusCode()).isEqualTo(200);
    assertThat(send("PUT", "/models/fraud/aliases/champion", "{\"version\": 2}").statusCode())
        .isEqualTo(200);
    await().atMost(TestGateway.PATIENCE).until(() -> answers("payments").equals("2"));
    assertThat(send("POST", "/deployments/payments:scale", "{\"replicas\": 3}").body())
        .contains("\"replicas\": 3");
    assertThat(send("GET", "/deployments", "").body()).contains("\"name\": \"payments\"");
    assertThat(send("GET", "/events", "").body().lines())
        .hasSizeGreaterThan(6)
        .allMatch(line -> line.startsWith("{") && line.endsWith("}"));
    assertThat(send("DELETE", "/deployments/payments", "").statusCode()).isEqualTo(200);
    assertThat(send("GET", "/deployments/payments", "").statusCode()).isEqualTo(404);
  }

  private String answers(String model) {
    try {
      return gateway.infer(Tensor.request(model, Tensor.rows(1, 1))).getModelVersion();
    } catch (StatusRuntimeException e) {
      return "";
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PUT  | /deployments/x | {'colour': 1}                    | 400 | colour",
        "PUT  | /deployments/x | {'replicas': 99}                 | 400 | replicas: 99 (expected 1 to 64",
        "PUT  | /deployments/x | {'model': 'models:/m'}           | 400 | model: 'models:/m' (expected models:/NAME/NUMBER",
        "PUT  | /deployments/x | {'model': 'models:/m/Production'} | 400 | expected models:/NAME/NUMBER, models:/NAME/latest or models:/NAME@ALIAS",
        "PUT  | /deployments/x | {'model': 'models:/m/3@a'}       | 400 | model: 'models:/m/3@a'",
        "PUT  | /deployments/x | {'model': 'models:/m/0'}         | 400 | model: 'models:/m/0'",
        "PUT  | /deployments/x | {'model': 'models:/a b/3'}       | 400 | model: 'a b' (expected 1..128",
        "PUT  | /deployments/x | {'model': 'models:/m/3', 'version': '4'} | 400 | names a version (expected no version and no traffic",
        "PUT  | /deployments/x | {'model': 'models:/m@a', 'traffic': [{'version': '4', 'weight': 100}]} | 400 | names a version",
        "PUT  | /deployments/x | nonsense                         | 400 | body",
        "PUT  | /deployments/x?dryRun=perhaps | {'model': 'm'}    | 400 | dryRun: 'perhaps'",
        "PUT  | /deployments/x?expectedGeneration=4 | {'model': 'm'} | 409 | generation 0 (expected 4",
        "GET  | /deployments/x |                                  | 404 | deployment 'x': not found",
        "POST | /deployments/x:scale | {'replicas': 2}            | 404 | not found",
        "PATCH | /deployments/x | {}                              | 405 | PATCH (expected one of [PUT, GET, DELETE])",
        "GET  | /nothing |                                        | 404 | openapi.json",
        "PUT  | /models/m/aliases/a | {'version': 1}              | 404 | model 'm': not found",
        "DELETE | /models/..%2f..%2fetc/versions/1 |              | 404 | not found",
        "POST | /models/m/versions?colour=red | x                 | 400 | colour: unknown",
        "POST | /models/m/versions | garbage                      | 400 | model.onnx",
        "POST | /models/..%2fm/versions | x                       | 400 | model: '../m'"
      })
  void whatIsWrongIsSaid(String method, String path, String body, int status, String message) {
    start();
    String json = body == null ? "" : body.replace('\'', '"');
    HttpResponse<String> answer = send(method, path, json);

    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).contains("\"code\"", "\"message\"").contains(message);
  }

  @Test
  void aPageOfAnotherSiteChangesNothing() throws Exception {
    start();
    HttpRequest.Builder foreign =
        request("/deployments/x")
            .header("Origin", "http://evil.example")
            .PUT(BodyPublishers.ofString("{}"));

    assertThat(send(foreign).statusCode()).isEqualTo(403);
    // a name that somebody has resolve to this machine
    assertThat(raw("PUT /admin/v1/deployments/x HTTP/1.1\r\nHost: evil.example\r\n"))
        .contains("403");
    assertThat(send("GET", "/deployments", "").body()).doesNotContain("\"name\"");
  }

  @ParameterizedTest
  @CsvSource({
    "models:/fraud/3, fraud, 3",
    "models:/fraud@champion, fraud, @champion",
    "models:/fraud/latest, fraud, latest"
  })
  void takesModelsAsMlflowWritesThem(String model, String name, String version) {
    start();
    String body = send("PUT", "/deployments/x", "{\"model\": \"%s\"}".formatted(model)).body();

    assertThat(body)
        .contains("\"model\": \"%s\"".formatted(name), "\"version\": \"%s\"".formatted(version));
  }

  private String raw(String head) throws Exception {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), gateway.gateway().httpPort())) {
      OutputStream out = socket.getOutputStream();
      out.write(
          (head + "Content-Length: 0\r\nConnection: close\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      return new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
          .readLine();
    }
  }

  @Test
  void changesNeedTheTokenWhereThereIsOneAndLookingDoesNot() throws Exception {
    Path token = folder.resolve("token");
    Files.writeString(token, "s3cret\n");
    start(TestGateway.over(folder).set(ConfigKey.ADMIN_TOKEN_FILE, Optional.of(token)));

    assertThat(push("fraud", SAME, "").statusCode()).isEqualTo(401);
    assertThat(send("GET", "/models", "").statusCode()).isEqualTo(200);
    HttpRequest.Builder wrong =
        request("/models/fraud/versions").header("Authorization", "Bearer other");
    assertThat(send(wrong.POST(BodyPublishers.ofByteArray(SAME))).body())
        .contains("UNAUTHENTICATED")
        .doesNotContain("s3cret");
    HttpRequest.Builder right =
        request("/models/fraud/versions").header("Authorization", "Bearer s3cret");
    assertThat(send(right.POST(BodyPublishers.ofByteArray(SAME))).statusCode()).isEqualTo(200);
  }

  @Test
  void eventsAreFollowedAsTheyHappen() throws Exception {
    start();
    HttpResponse<Stream<String>> events =
        http.send(request("/events?follow=true").build(), BodyHandlers.ofLines());
    Iterator<String> lines = events.body().iterator();
    push("fraud", SAME, "?alias=champion");

    assertThat(lines.next()).contains("version-pushed");
    assertThat(lines.next()).contains("alias-set", "@champion 1");
    events.body().close();
  }

  @Test
  void theDescriptionNamesEveryPath() {
    start();
    String description = send("GET", "/openapi.json", "").body();

    for (String part :
        Arrays.asList(
            "\"openapi\" : \"3.1.0\"",
            "/admin/v1/deployments/{name}\"",
            "/admin/v1/deployments/{name}:scale",
            "/admin/v1/models/{model}/aliases/{alias}",
            "#/components/schemas/DeploymentSpec",
            "\"UpdateStrategy\"",
            "\"Gates\"")) {
      assertThat(description).contains(part);
    }
  }
}
