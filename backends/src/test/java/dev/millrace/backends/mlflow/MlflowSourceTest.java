// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.backends.remote.RemoteSource.ChangedException;
import dev.millrace.backends.remote.RemoteSource.Found;
import dev.millrace.backends.repository.ListedFile;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a server answers that is not as it should be. The server here is a script: a real MLflow
 * does not fail on demand; with a real one, models are deployed in the gateway's tests.
 */
final class MlflowSourceTest {
  private static final VersionSelector ONE = new VersionSelector.Exactly(1);
  private static final String VERSION =
      "{\"model_version\": {\"name\": \"m\", \"version\": \"1\", \"status\": \"READY\"}}";

  private final Map<String, Answer> answers = new TreeMap<>();
  private final List<String> authorizations = new CopyOnWriteArrayList<>();
  private final List<String> ranges = new CopyOnWriteArrayList<>();
  private HttpServer server;

  private record Answer(int status, String body, Map<String, String> headers) {}

  @BeforeEach
  void listens() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    json("mlflow/model-versions/get", 200, VERSION);
    json(
        "mlflow/model-versions/get-download-uri",
        200,
        "{\"artifact_uri\": \"mlflow-artifacts:/1/a b\"}");
    json(
        "mlflow-artifacts/artifacts",
        200,
        "{\"files\": [{\"path\": \"model.onnx\", \"is_dir\": false, \"file_size\": 5}]}");
    answers.put(
        "mlflow-artifacts/artifacts/1/a b/model.onnx",
        new Answer(200, "graph", Map.of("ETag", "\"e1\"")));
  }

  @AfterEach
  void stops() {
    server.stop(0);
  }

  private void json(String path, int status, String body) {
    answers.put(path, new Answer(status, body, Map.of()));
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
      ranges.add(
          exchange.getRequestHeaders().getFirst("Range")
              + " "
              + exchange.getRequestHeaders().getFirst("If-Range"));
      Answer answer =
          answers.getOrDefault(
              exchange.getRequestURI().getPath().replaceFirst("^/api/2.0/", ""),
              new Answer(404, "<html>nothing</html>", Map.of()));
      answer.headers().forEach(exchange.getResponseHeaders()::set);
      byte[] body = answer.body().getBytes(UTF_8);
      exchange.sendResponseHeaders(answer.status(), body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private MlflowSource source() {
    return source(Credentials.NONE);
  }

  private MlflowSource source(Credentials credentials) {
    return new MlflowSource(uri(), credentials, System::nanoTime);
  }

  private static byte[] read(MlflowSource source, ListedFile file, long offset) throws IOException {
    try (InputStream in = source.open("m", file, offset)) {
      return in.readAllBytes();
    }
  }

  @Test
  void readsWhatAVersionHolds() throws IOException {
    MlflowSource source = source();

    Found found = source.find("m", ONE);

    assertThat(found.selector()).isEqualTo(ONE);
    assertThat(found.model().files())
        .containsExactly(new ListedFile("1/model.onnx", 5, 0, "mlflow-artifacts:/1/a b"));
    assertThat(read(source, found.model().files().getFirst(), 0)).asString().isEqualTo("graph");
  }

  @Test
  void sendsTheCredentialsAndShowsThemNowhere() throws IOException {
    source(Credentials.basic("me", "secret")).find("m", ONE);
    assertThat(authorizations).allMatch(header -> header.equals("Basic bWU6c2VjcmV0"));
    authorizations.clear();
    source(Credentials.bearer("t0ken")).find("m", ONE);
    assertThat(authorizations).allMatch(header -> header.equals("Bearer t0ken"));

    assertThat(Credentials.bearer("t0ken")).hasToString("given");
    assertThat(source(Credentials.bearer("t0ken")).location()).isEqualTo("MLflow at " + uri());
  }

  @Test
  void saysWhichSettingsAreWrongIfItIsNotLetIn() {
    json("mlflow/model-versions/get", 401, "You are not authenticated.");

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> source().find("m", ONE))
        .withMessageContaining("answers HTTP 401: 'You are not authenticated.'")
        .withMessageContaining("mlflow_password_file");
  }

  @Test
  void doesNotCarryCredentialsToWhereItIsSent() {
    answers.put(
        "mlflow/model-versions/get",
        new Answer(302, "", Map.of("Location", "http://127.0.0.1:1/")));

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> source(Credentials.bearer("t0ken")).find("m", ONE))
        .withMessageContaining("answers HTTP 302");
  }

  @Test
  void saysWhatItAnswersInsteadOfJson() {
    json("mlflow/model-versions/get", 200, "<html>\n  a proxy's page</html>");

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> source().find("m", ONE))
        .withMessageContaining("answers what is no JSON object: '<html> a proxy's page</html>'");
  }

  @Test
  void anAnswerWithoutWhatItShouldHoldIsAProblem() {
    json("mlflow/model-versions/get", 200, "{\"model_version\": []}");

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> source().find("m", ONE))
        .withMessageContaining("answers without a model_version");
  }

  @Test
  void aServerThatFailsIsNoReasonToTakeAVersionForMissing() {
    json("mlflow/model-versions/get", 503, "{\"error_code\": \"TEMPORARILY_UNAVAILABLE\"}");

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> source().find("m", ONE))
        .isNotInstanceOf(UnknownVersionException.class)
        .withMessageContaining("TEMPORARILY_UNAVAILABLE");
  }

  @Test
  void aVersionThatIsNotReadyIsWaitedFor() {
    json(
        "mlflow/model-versions/get",
        200,
        "{\"model_version\": {\"version\": \"1\", \"status\": \"PENDING_REGISTRATION\"}}");

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> source().find("m", ONE))
        .isNotInstanceOf(UnknownVersionException.class)
        .withMessageContaining("status PENDING_REGISTRATION");
  }

  @Test
  void readsFromAFolderThatBothMachinesSee(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("model.onnx"), "graph");
    json(
        "mlflow/model-versions/get-download-uri",
        200,
        "{\"artifact_uri\": \"file://" + folder + "\"}");
    MlflowSource source = source();

    ListedFile file = source.find("m", ONE).model().files().getFirst();

    assertThat(read(source, file, 2)).asString().isEqualTo("aph");
  }

  @Test
  void saysThatArtifactsAreWhereItDoesNotLook() {
    json("mlflow/model-versions/get-download-uri", 200, "{\"artifact_uri\": \"dbfs:/models/1\"}");

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> source().find("m", ONE))
        .withMessageContaining("keeps artifacts at dbfs:/models/1")
        .withMessageContaining("--serve-artifacts");
  }

  @Test
  void goesOnWithTheSameContentOnly() throws IOException {
    MlflowSource source = source();
    ListedFile file = source.find("m", ONE).model().files().getFirst();
    assertThatExceptionOfType(ChangedException.class).isThrownBy(() -> read(source, file, 2));
    read(source, file, 0);
    answers.put("mlflow-artifacts/artifacts/1/a b/model.onnx", new Answer(206, "aph", Map.of()));

    assertThat(read(source, file, 2)).asString().isEqualTo("aph");
    assertThat(ranges.getLast()).isEqualTo("bytes=2- \"e1\"");

    answers.put("mlflow-artifacts/artifacts/1/a b/model.onnx", new Answer(200, "GRAPH", Map.of()));
    assertThatExceptionOfType(ChangedException.class).isThrownBy(() -> read(source, file, 2));
  }

  @Test
  void doesNotWaitForAnAnswerThatDripsForEver() {
    AtomicLong nanos = new AtomicLong();
    MlflowSource hurried =
        new MlflowSource(uri(), Credentials.NONE, () -> nanos.getAndAdd(40_000_000_000L));

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> hurried.find("m", ONE))
        .withMessageContaining("no whole answer in 30 s");
  }

  @Test
  void isReachedByAnAnswerAndNotByRefusalsOfAllCalls() throws IOException {
    MlflowSource source = source();
    json("mlflow/model-versions/get", 503, "busy");
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> source.find("m", ONE));
    assertThat(source.statistics().snapshot().unreachableNanos()).isPositive();

    json("mlflow/model-versions/get", 404, "{\"error_code\": \"RESOURCE_DOES_NOT_EXIST\"}");
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> source.find("m", ONE));
    assertThat(source.statistics().snapshot().unreachableNanos()).isZero();

    server.stop(0);
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> source.find("m", ONE));
    assertThat(source.statistics().snapshot().unreachableNanos()).isPositive();
  }

  @Test
  void findsTheConfigurationThatWasLoggedAsAnExtraFile(@TempDir Path folder) throws IOException {
    Files.createDirectories(folder.resolve("extra_files"));
    Files.writeString(folder.resolve("model.onnx"), "graph");
    Files.writeString(folder.resolve("extra_files/model.yaml"), "replicas: 2");
    Files.writeString(folder.resolve("extra_files/notes.txt"), "none");
    Files.createDirectories(folder.resolve("extra_files/warmup"));
    Files.writeString(folder.resolve("extra_files/warmup/a.json"), "{}");
    json(
        "mlflow/model-versions/get-download-uri",
        200,
        "{\"artifact_uri\": \"file://" + folder + "\"}");
    MlflowSource source = source();
    List<ListedFile> files = source.find("m", ONE).model().files();

    assertThat(files)
        .extracting(ListedFile::name)
        .containsExactlyInAnyOrder(
            "1/model.onnx", "model.yaml", "1/warmup/a.json", "1/extra_files/notes.txt");
    for (ListedFile file : files) {
      if (file.name().equals("model.yaml")) {
        assertThat(read(source, file, 0)).asString(UTF_8).isEqualTo("replicas: 2");
      }
    }
  }
}
