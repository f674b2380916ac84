// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.hooks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Deliveries to the real HTTP server of the JDK; where one was seen of MLflow, it is that one. */
class MlflowHookTest {
  private static final String SECRET = "s3cret";
  private static final long SENT = 1_795_368_652;
  private static final String SEEN_ID = "7c9ef39b-2c7a-491a-9b98-d6c6cd4b56df";
  private static final String SEEN_SIGNATURE = "v1,a7FmGdpkH7wDiz1EH14Izf4nTvbqO1tHIrgfTAZjtU0=";
  private static final String SEEN_BODY =
      "{\"entity\": \"model_version_alias\", \"action\": \"created\", \"timestamp\":"
          + " \"2026-11-22T17:30:52.942456+00:00\", \"data\": {\"name\": \"iris-onnx\", \"alias\":"
          + " \"champion\", \"version\": \"2\"}}";

  private final AtomicInteger looks = new AtomicInteger();
  private final AtomicInteger ids = new AtomicInteger();
  private final HttpClient http = HttpClient.newHttpClient();
  private Instant now = Instant.ofEpochSecond(SENT + 1);
  private HttpServer server;
  private MlflowHook hook;

  @BeforeEach
  void starts() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    hook = hook(Optional.of(SECRET));
    server.createContext(MlflowHook.PATH, hook);
    server.start();
  }

  private MlflowHook hook(Optional<String> secret) {
    SpacedRuns each =
        new SpacedRuns(looks::incrementAndGet, 0, (delay, task) -> task.run(), () -> 0);
    return new MlflowHook(secret, each, () -> now);
  }

  @AfterEach
  void stops() {
    http.close();
    server.stop(0);
  }

  private static String sign(String secret, String id, long timestamp, String body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
      byte[] signature = mac.doFinal((id + "." + timestamp + "." + body).getBytes(UTF_8));
      return "v1," + Base64.getEncoder().encodeToString(signature);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private HttpRequest.Builder request(String path, String id, String timestamp, String signature) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path));
    if (!id.isEmpty()) {
      request.header("X-MLflow-Delivery-Id", id);
    }
    if (!timestamp.isEmpty()) {
      request.header("X-MLflow-Timestamp", timestamp);
    }
    return signature.isEmpty() ? request : request.header("X-MLflow-Signature", signature);
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return http.send(request.build(), BodyHandlers.ofString());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private HttpResponse<String> post(String id, String timestamp, String signature, String body) {
    return send(
        request(MlflowHook.PATH, id, timestamp, signature).POST(BodyPublishers.ofString(body)));
  }

  private HttpResponse<String> signed(String body) {
    String id = "delivery-" + ids.incrementAndGet();
    return post(id, Long.toString(SENT), sign(SECRET, id, SENT, body), body);
  }

  private static String event(String entity) {
    return "{\"entity\": \"" + entity + "\", \"action\": \"created\", \"data\": {\"name\": \"m\"}}";
  }

  private void assertRefused(
      HttpResponse<String> answer, int status, HookOutcome outcome, String text) {
    assertThat(answer.body())
        .contains("\"code\":\"" + outcome + "\"", text)
        .doesNotContain(SECRET, "v1,");
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(hook.outcomes().snapshot()).containsEntry(outcome, 1L);
  }

  @Test
  void takesWhatMlflowSentOnce() {
    HttpResponse<String> first = post(SEEN_ID, Long.toString(SENT), SEEN_SIGNATURE, SEEN_BODY);
    HttpResponse<String> again = post(SEEN_ID, Long.toString(SENT), SEEN_SIGNATURE, SEEN_BODY);

    assertThat(first.statusCode()).isEqualTo(202);
    assertThat(first.body()).contains("model_version_alias: the deployments are looked at");
    assertRefused(again, 409, HookOutcome.REPLAYED, SEEN_ID + " was taken before");
    assertThat(looks).hasValue(1);
  }

  @Test
  void looksForNewVersionsAndIgnoresOtherEvents() {
    assertThat(signed(event("model_version")).statusCode()).isEqualTo(202);
    HttpResponse<String> other = signed(event("registered_model"));

    assertThat(other.statusCode()).isEqualTo(200);
    assertThat(other.body()).contains("registered_model: nothing depends on it");
    assertThat(looks).hasValue(1);
  }

  @Test
  void refusesWhatIsNotSigned() {
    assertRefused(
        post("id", Long.toString(SENT), "", SEEN_BODY),
        401,
        HookOutcome.UNSIGNED,
        "no header X-MLflow-Signature (expected a webhook with a secret)");
    assertThat(looks).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "v1,",
        "v1,AAAA",
        "a7FmGdpkH7wDiz1EH14Izf4nTvbqO1tHIrgfTAZjtU0=",
        "v2,a7FmGdpkH7wDiz1EH14Izf4nTvbqO1tHIrgfTAZjtU0=",
        "v1,b7FmGdpkH7wDiz1EH14Izf4nTvbqO1tHIrgfTAZjtU0="
      })
  void refusesAnotherSignature(String signature) {
    assertRefused(
        post(SEEN_ID, Long.toString(SENT), signature, SEEN_BODY),
        401,
        HookOutcome.FORGED,
        "the signature is another one");
    assertThat(looks).hasValue(0);
  }

  @Test
  void refusesWhatWasSignedForAnotherIdTimeOrBodyOrWithAnotherSecret() {
    String time = Long.toString(SENT);
    assertThat(post("other", time, SEEN_SIGNATURE, SEEN_BODY).statusCode()).isEqualTo(401);
    assertThat(post(SEEN_ID, Long.toString(SENT + 1), SEEN_SIGNATURE, SEEN_BODY).statusCode())
        .isEqualTo(401);
    assertThat(post(SEEN_ID, time, SEEN_SIGNATURE, SEEN_BODY + " ").statusCode()).isEqualTo(401);
    assertThat(post(SEEN_ID, time, sign("guess", SEEN_ID, SENT, SEEN_BODY), SEEN_BODY).statusCode())
        .isEqualTo(401);
    assertThat(looks).hasValue(0);
    // none of which takes the place of the true one
    assertThat(post(SEEN_ID, time, SEEN_SIGNATURE, SEEN_BODY).statusCode()).isEqualTo(202);
  }

  @ParameterizedTest
  @CsvSource({"300, 202", "301, 401", "-300, 202", "-301, 401"})
  void takesWhatIsFiveMinutesOldOrAheadAtMost(long ageSeconds, int status) {
    now = Instant.ofEpochSecond(SENT + ageSeconds);
    HttpResponse<String> answer = post(SEEN_ID, Long.toString(SENT), SEEN_SIGNATURE, SEEN_BODY);

    assertThat(answer.statusCode()).isEqualTo(status);
    if (status == 401) {
      assertRefused(
          answer,
          401,
          HookOutcome.STALE,
          "1795368652 is 301 s %s (expected within 300 s of this machine's clock)"
              .formatted(ageSeconds > 0 ? "old" : "ahead"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "    | 1795368652 | X-MLflow-Delivery-Id: '' (expected 1..64",
        "a.b | 1795368652 | X-MLflow-Delivery-Id: 'a.b'",
        "a   |            | X-MLflow-Timestamp: '' (expected seconds since 1970)",
        "a   | -5         | X-MLflow-Timestamp: '-5'",
        "a   | 99999999999999999999 | X-MLflow-Timestamp: '9999"
      })
  void refusesHeadersThatAreNotMlflows(String id, String timestamp, String message) {
    assertRefused(
        post(id == null ? "" : id, timestamp == null ? "" : timestamp, SEEN_SIGNATURE, SEEN_BODY),
        400,
        HookOutcome.MALFORMED,
        message);
    assertThat(looks).hasValue(0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "nonsense                                   | no JSON",
        "`{\"entity\": \"model_version_alias\"`     | no JSON",
        "[1]                                        | no entity",
        "{}                                         | no entity",
        "`{\"entity\": 7}`                          | no entity",
        "`{\"data\": {\"entity\": \"model_version\"}}` | no entity"
      })
  void refusesWhatIsNoEvent(String body, String message) {
    assertRefused(signed(body), 400, HookOutcome.MALFORMED, message);
    assertThat(looks).hasValue(0);
  }

  @Test
  void takesBodiesOf64KibibytesAndNoLarger() {
    String start = "{\"entity\": \"model_version\", \"data\": \"";
    String largest = start + "x".repeat((64 << 10) - start.length() - 2) + "\"}";

    assertThat(signed(largest).statusCode()).isEqualTo(202);
    assertRefused(signed(largest + " "), 413, HookOutcome.TOO_LARGE, "body: more than 65536 bytes");
    assertThat(looks).hasValue(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "PUT", "DELETE"})
  void takesNothingButPosts(String method) {
    HttpResponse<String> answer =
        send(
            request(MlflowHook.PATH, SEEN_ID, Long.toString(SENT), SEEN_SIGNATURE)
                .method(method, BodyPublishers.ofString(SEEN_BODY)));

    assertRefused(answer, 405, HookOutcome.WRONG_METHOD, method + " (expected POST)");
    assertThat(answer.headers().firstValue("Allow")).contains("POST");
    assertThat(looks).hasValue(0);
  }

  @Test
  void isAtNoOtherPath() {
    HttpResponse<String> answer =
        send(
            request(MlflowHook.PATH + "x", SEEN_ID, Long.toString(SENT), SEEN_SIGNATURE)
                .POST(BodyPublishers.ofString(SEEN_BODY)));

    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(looks).hasValue(0);
  }

  @Test
  void aBurstCausesALookASecondAndOneAfterItsLast() {
    hook = new MlflowHook(Optional.of(SECRET), looks::incrementAndGet, () -> now, System::nanoTime);
    server.removeContext(MlflowHook.PATH);
    server.createContext(MlflowHook.PATH, hook);
    long begin = System.nanoTime();

    for (int i = 0; i < 100; i++) {
      assertThat(signed(event("model_version")).statusCode()).isEqualTo(202);
    }
    await().until(() -> looks.get() >= 2);
    long pauses = (System.nanoTime() - begin) / 1_000_000_000;

    assertThat(looks.get()).isBetween(2, 2 + (int) pauses);
  }

  @Test
  void saysWhichSettingIsMissing() {
    server.removeContext(MlflowHook.PATH);
    server.createContext(MlflowHook.PATH, hook(Optional.empty()));

    HttpResponse<String> answer = post(SEEN_ID, Long.toString(SENT), SEEN_SIGNATURE, SEEN_BODY);

    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).contains("expected the setting mlflow_webhook_secret_file");
    assertThat(looks).hasValue(0);
  }
}
