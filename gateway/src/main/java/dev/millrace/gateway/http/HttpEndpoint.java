// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;

/**
 * The HTTP port: {@code /metrics} for Prometheus, and the protocol's health paths for probes. Apart
 * from serving: it has threads of its own and knows the gateway only by what it is asked to show.
 */
public final class HttpEndpoint implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private HttpEndpoint(HttpServer server) {
    this.server = server;
  }

  /**
   * Starts to listen.
   *
   * @throws IOException if the address cannot be bound
   */
  public static HttpEndpoint start(
      InetSocketAddress address, CollectorRegistry metrics, BooleanSupplier ready)
      throws IOException {
    HttpEndpoint endpoint = new HttpEndpoint(HttpServer.create(address, 0));
    endpoint.server.setExecutor(endpoint.threads);
    endpoint.server.createContext("/metrics", exchange -> metrics(exchange, metrics));
    endpoint.server.createContext("/v2/health/live", exchange -> health(exchange, () -> true));
    endpoint.server.createContext("/v2/health/ready", exchange -> health(exchange, ready));
    endpoint.server.createContext(
        "/", exchange -> respond(exchange, 404, "text/plain; charset=utf-8", "not found\n"));
    endpoint.server.start();
    return endpoint;
  }

  public int port() {
    return server.getAddress().getPort();
  }

  private static void metrics(HttpExchange exchange, CollectorRegistry registry)
      throws IOException {
    String contentType =
        TextFormat.chooseContentType(exchange.getRequestHeaders().getFirst("Accept"));
    StringWriter text = new StringWriter();
    TextFormat.writeFormat(contentType, text, registry.metricFamilySamples());
    respond(exchange, 200, contentType, text.toString());
  }

  /** 200 or 503: a probe looks at the status, the body is for people. */
  private static void health(HttpExchange exchange, BooleanSupplier healthy) throws IOException {
    boolean now = healthy.getAsBoolean();
    String path = exchange.getHttpContext().getPath();
    String what = path.substring(path.lastIndexOf('/') + 1);
    respond(exchange, now ? 200 : 503, "application/json", "{\"%s\":%s}\n".formatted(what, now));
  }

  private static void respond(HttpExchange exchange, int status, String contentType, String body)
      throws IOException {
    try (exchange) {
      boolean known =
          exchange.getRequestURI().getPath().equals(exchange.getHttpContext().getPath());
      boolean read = exchange.getRequestMethod().matches("GET|HEAD");
      int effective = !read ? 405 : known || status == 404 ? status : 404;
      byte[] bytes = (effective == status ? body : "").getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", contentType);
      if (exchange.getRequestMethod().equals("HEAD") || bytes.length == 0) {
        exchange.sendResponseHeaders(effective, -1);
      } else {
        exchange.sendResponseHeaders(effective, bytes.length);
        exchange.getResponseBody().write(bytes);
      }
    }
  }

  /** Stops listening; what is being answered is cut off. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
