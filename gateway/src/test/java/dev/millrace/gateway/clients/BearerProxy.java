// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A reverse proxy before a server, as it is put before an MLflow that knows no tokens: it lets
 * those through that show one, and passes no credentials on.
 */
public final class BearerProxy implements AutoCloseable {
  /** Of one connection, or said anew by who sends. */
  private static final Set<String> NOT_PASSED_ON =
      Set.of("authorization", "connection", "content-length", "host", "transfer-encoding");

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final List<String> refused = new CopyOnWriteArrayList<>();
  private final List<String> passed = new CopyOnWriteArrayList<>();
  private final URI server;
  private final String token;
  private final HttpServer http;

  public BearerProxy(URI server, String token) throws IOException {
    this.server = server;
    this.token = token;
    this.http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(threads);
    http.createContext("/", this::handle);
    http.start();
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + http.getAddress().getPort());
  }

  /** Paths of what was turned away. */
  public List<String> refused() {
    return refused;
  }

  /** Paths of what went through. */
  public List<String> passed() {
    return passed;
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      if (("Bearer " + token).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        passed.add(path);
        pass(exchange);
      } else {
        refused.add(path);
        exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
        byte[] page = "<html>401 Authorization Required</html>".getBytes(UTF_8);
        exchange.sendResponseHeaders(401, page.length);
        exchange.getResponseBody().write(page);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void pass(HttpExchange exchange) throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server + exchange.getRequestURI().toString()))
            .method(
                exchange.getRequestMethod(),
                HttpRequest.BodyPublishers.ofByteArray(exchange.getRequestBody().readAllBytes()));
    exchange
        .getRequestHeaders()
        .forEach(
            (name, values) -> {
              if (isPassedOn(name)) {
                values.forEach(value -> request.header(name, value));
              }
            });
    HttpResponse<byte[]> answer =
        client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    answer
        .headers()
        .map()
        .forEach(
            (name, values) -> {
              if (isPassedOn(name)) {
                exchange.getResponseHeaders().put(name, values);
              }
            });
    int length = answer.body().length;
    exchange.sendResponseHeaders(answer.statusCode(), length == 0 ? -1 : length);
    if (length > 0) {
      exchange.getResponseBody().write(answer.body());
    }
  }

  private static boolean isPassedOn(String header) {
    return !NOT_PASSED_ON.contains(header.toLowerCase(Locale.ROOT));
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
    client.close();
  }
}
