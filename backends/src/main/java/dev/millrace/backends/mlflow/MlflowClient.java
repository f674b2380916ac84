// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.mlflow;

import dev.millrace.backends.remote.RemoteSource.ChangedException;
import dev.millrace.backends.remote.RemoteStatistics;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Calls of an MLflow server's REST interface. Any thread.
 *
 * <p>{@code HttpURLConnection} and not the newer client: it bounds the wait for each part of an
 * answer, the newer one only for its head.
 */
final class MlflowClient {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(20);

  /** For a whole answer that is JSON, however slowly it drips. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);

  private static final int MAX_ANSWER_BYTES = 16 << 20;
  private static final int SHOWN_BYTES = 300;
  private static final String ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts";

  private final URI server;
  private final Credentials credentials;
  private final LongSupplier nanoClock;
  private final RemoteStatistics statistics;

  /** By URI: the entity tag of what a download began with. */
  private final Map<URI, String> tags = new ConcurrentHashMap<>();

  /** The server has said what is wrong. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1;

    private final String code;

    RefusedException(String code, String message) {
      super(message);
      this.code = code;
    }

    /** MLflow's error code, such as RESOURCE_DOES_NOT_EXIST. */
    String code() {
      return code;
    }
  }

  MlflowClient(
      URI server, Credentials credentials, LongSupplier nanoClock, RemoteStatistics statistics) {
    this.server = server;
    this.credentials = credentials;
    this.nanoClock = nanoClock;
    this.statistics = statistics;
  }

  /** One call of {@code /api/2.0/mlflow/…}. */
  Json get(String path, Map<String, String> query) throws IOException {
    return json(uri("/api/2.0/mlflow/" + path, query));
  }

  /** What lies in a folder of the artifacts that the server hands out. */
  Json artifacts(String folder) throws IOException {
    return json(uri(ARTIFACTS, Map.of("path", folder)));
  }

  /** The content of an artifact from {@code offset} on. */
  InputStream artifact(String path, long offset) throws IOException {
    URI uri = uri(ARTIFACTS + "/" + encodePath(path), Map.of());
    String tag = tags.getOrDefault(uri, "");
    if (offset > 0 && tag.isEmpty()) {
      throw new ChangedException(path + ": whether it is the same is not known any more");
    }
    HttpURLConnection connection = connect(uri);
    if (offset > 0) {
      connection.setRequestProperty("Range", "bytes=" + offset + "-");
      connection.setRequestProperty("If-Range", tag);
    }
    int status = status(connection, uri);
    if (offset > 0 && status != HttpURLConnection.HTTP_PARTIAL) {
      connection.disconnect();
      throw new ChangedException(path + " is another one now");
    }
    if (status != HttpURLConnection.HTTP_OK && status != HttpURLConnection.HTTP_PARTIAL) {
      throw refusal(connection, status, uri);
    }
    Optional.ofNullable(connection.getHeaderField("ETag")).ifPresent(now -> tags.put(uri, now));
    return new FilterInputStream(connection.getInputStream()) {
      @Override
      public void close() {
        connection.disconnect(); // closing would read the rest
      }
    };
  }

  private Json json(URI uri) throws IOException {
    HttpURLConnection connection = connect(uri);
    try {
      int status = status(connection, uri);
      if (status != HttpURLConnection.HTTP_OK) {
        throw refusal(connection, status, uri);
      }
      byte[] answer = read(connection.getInputStream(), uri);
      try {
        return Json.parse(answer);
      } catch (IOException e) {
        throw new IOException(
            "%s answers what is no JSON object: %s".formatted(withoutQuery(uri), shown(answer)), e);
      }
    } finally {
      connection.disconnect();
    }
  }

  private HttpURLConnection connect(URI uri) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
    connection.setConnectTimeout((int) CONNECT_TIMEOUT.toMillis());
    connection.setReadTimeout((int) READ_TIMEOUT.toMillis());
    connection.setInstanceFollowRedirects(false); // credentials are for this server
    connection.setUseCaches(false);
    if (!credentials.header().isEmpty()) {
      connection.setRequestProperty("Authorization", credentials.header());
    }
    return connection;
  }

  private int status(HttpURLConnection connection, URI uri) throws IOException {
    try {
      int status = connection.getResponseCode();
      if (status == HttpURLConnection.HTTP_UNAUTHORIZED
          || status == HttpURLConnection.HTTP_FORBIDDEN
          || status >= HttpURLConnection.HTTP_INTERNAL_ERROR) {
        statistics.notReached();
      } else {
        statistics.reached();
      }
      return status;
    } catch (IOException e) {
      if (!Thread.currentThread().isInterrupted()) { // else it was us who ended the call
        statistics.notReached();
      }
      connection.disconnect();
      throw new IOException("%s: %s".formatted(withoutQuery(uri), e.getMessage()), e);
    }
  }

  private IOException refusal(HttpURLConnection connection, int status, URI uri) {
    try {
      InputStream body = connection.getErrorStream();
      byte[] answer = body == null ? new byte[0] : read(body, uri);
      try {
        Json json = Json.parse(answer);
        if (!json.text("error_code").isEmpty()) {
          return new RefusedException(json.text("error_code"), json.text("message"));
        }
      } catch (IOException e) {
        // a proxy's page, perhaps: shown below
      }
      String advice =
          status == HttpURLConnection.HTTP_UNAUTHORIZED
              ? " (expected other credentials: mlflow_username and mlflow_password_file or"
                  + " mlflow_token_file, or those of its entry among registries)"
              : "";
      return new IOException(
          "%s answers HTTP %d: %s%s".formatted(withoutQuery(uri), status, shown(answer), advice));
    } catch (IOException e) {
      return new IOException("%s answers HTTP %d".formatted(withoutQuery(uri), status), e);
    } finally {
      connection.disconnect();
    }
  }

  private byte[] read(InputStream in, URI uri) throws IOException {
    long end = nanoClock.getAsLong() + ANSWER_TIMEOUT.toNanos();
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      answer.write(buffer, 0, read);
      if (answer.size() > MAX_ANSWER_BYTES) {
        throw new IOException(
            "%s answers more than %d bytes".formatted(withoutQuery(uri), MAX_ANSWER_BYTES));
      }
      if (nanoClock.getAsLong() - end > 0) {
        throw new IOException(
            "%s: no whole answer in %d s".formatted(withoutQuery(uri), ANSWER_TIMEOUT.toSeconds()));
      }
    }
    return answer.toByteArray();
  }

  private URI uri(String path, Map<String, String> query) {
    String text =
        query.entrySet().stream()
            .map(entry -> entry.getKey() + "=" + encode(entry.getValue()))
            .collect(Collectors.joining("&"));
    return URI.create(server + path + (text.isEmpty() ? "" : "?" + text));
  }

  private static String encodePath(String path) {
    return Arrays.stream(path.split("/"))
        .map(name -> encode(name).replace("+", "%20"))
        .collect(Collectors.joining("/"));
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String withoutQuery(URI uri) {
    return uri.getScheme() + "://" + uri.getAuthority() + uri.getPath();
  }

  private static String shown(byte[] answer) {
    String text =
        new String(answer, 0, Math.min(answer.length, SHOWN_BYTES), StandardCharsets.UTF_8);
    return "'" + text.replaceAll("[\\p{Cntrl}\\s]+", " ").strip() + "'";
  }
}
