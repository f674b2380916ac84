// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonException;
import dev.millrace.backends.json.JsonText;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Asks a gateway's HTTP port how a model is scheduled. */
final class SchedulingClient {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final String target;

  /**
   * @param target host and port
   */
  SchedulingClient(String target) {
    this.target = target;
  }

  /**
   * The answer in JSON.
   *
   * @param version empty for the latest
   * @throws UnansweredException if there is none, or a refusal
   */
  String ask(String model, String version) throws UnansweredException, InterruptedException {
    String path =
        "/v2/models/%s%s/scheduling"
            .formatted(encoded(model), version.isEmpty() ? "" : "/versions/" + encoded(version));
    HttpResponse<String> response = get(path);
    if (response.statusCode() != 200) {
      throw new UnansweredException(
          "%s: %s".formatted(target, refusal(response.statusCode(), response.body())));
    }
    return response.body();
  }

  private HttpResponse<String> get(String path) throws UnansweredException, InterruptedException {
    try (HttpClient client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://" + target + path)).timeout(TIMEOUT).build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IllegalArgumentException e) {
      throw new InputException("--http %s (expected HOST:PORT)".formatted(target));
    } catch (IOException e) {
      throw new UnansweredException(
          "%s: no answer over HTTP%s"
              .formatted(target, e.getMessage() == null ? "" : " (" + e.getMessage() + ")"));
    }
  }

  private static String encoded(String part) {
    // a form's encoding; in a path a plus is a plus
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** What the server says about it; another server than ours may say anything. */
  private static String refusal(int status, String body) {
    try {
      if (JsonText.parse(body) instanceof Json.Members members
          && members.get("error").orElse(null) instanceof Json.Text error) {
        return error.text();
      }
    } catch (JsonException e) {
      // told below
    }
    return "status %d (expected 200 and JSON; is it the HTTP port of a Millrace?)"
        .formatted(status);
  }

  /** In one line: why there is no answer. */
  static final class UnansweredException extends IOException {
    private static final long serialVersionUID = 1;

    UnansweredException(String message) {
      super(message);
    }
  }
}
