// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.serving.Routes;
import dev.millrace.gateway.scheduling.SchedulingJson;
import dev.millrace.gateway.scheduling.SchedulingReport;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP port: {@code /metrics} for Prometheus, the protocol's health paths for probes, and how a
 * model is scheduled for people. Apart from serving: it has threads of its own and knows the
 * gateway only by what it is asked to show.
 *
 * <p>They are no virtual ones: the carriers of those are started by whoever needs one more, and so
 * give way to all that serves if that one does. A probe that waits for a core says that the gateway
 * is ill.
 */
public final class HttpEndpoint implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HttpEndpoint.class);
  private static final String JSON = "application/json";
  private static final String MODELS = "/v2/models/";
  private static final Pattern SCHEDULING =
      Pattern.compile(MODELS + "([^/]+)(?:/versions/([^/]+))?/scheduling");

  private final HttpServer server;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(Thread.ofPlatform().name("http-", 0).daemon().factory());

  private HttpEndpoint(HttpServer server) {
    this.server = server;
  }

  /**
   * Starts to listen.
   *
   * @param further handlers, by the path that they answer under
   * @throws IOException if the address cannot be bound
   */
  public static HttpEndpoint start(
      InetSocketAddress address,
      CollectorRegistry metrics,
      Routes routes,
      Map<String, HttpHandler> further)
      throws IOException {
    HttpEndpoint endpoint = new HttpEndpoint(HttpServer.create(address, 0));
    endpoint.server.setExecutor(endpoint.threads);
    endpoint.serve("/metrics", exchange -> metrics(exchange, metrics));
    endpoint.serve("/v2/health/live", exchange -> health(exchange, () -> true));
    endpoint.serve("/v2/health/ready", exchange -> health(exchange, routes::isReady));
    endpoint.serve(MODELS, exchange -> model(exchange, routes));
    further.forEach(endpoint::serve);
    endpoint.serve(
        "/", exchange -> respond(exchange, 404, "text/plain; charset=utf-8", "not found\n"));
    endpoint.server.start();
    return endpoint;
  }

  /** The JDK's server closes a connection without a word if its handler throws. */
  private void serve(String path, HttpHandler handler) {
    server.createContext(
        path,
        exchange -> {
          try {
            handler.handle(exchange);
          } catch (RuntimeException e) {
            log.error("{} could not be answered", exchange.getRequestURI(), e);
            answer(exchange, 500, JSON, SchedulingJson.error("internal error: " + e));
          }
        });
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
    respond(exchange, now ? 200 : 503, JSON, "{\"%s\":%s}\n".formatted(what, now));
  }

  private static void model(HttpExchange exchange, Routes routes) throws IOException {
    Matcher path = SCHEDULING.matcher(exchange.getRequestURI().getPath());
    if (!path.matches()) {
      respond(exchange, 404, JSON, SchedulingJson.error("not found (expected .../scheduling)"));
      return;
    }
    String version = path.group(2) == null ? "" : path.group(2);
    try {
      SchedulingReport report = SchedulingReport.of(routes.find(path.group(1), version));
      answer(exchange, 200, JSON, SchedulingJson.write(report));
    } catch (InferException e) {
      int status =
          switch (e.failure().kind()) {
            case NOT_FOUND -> 404;
            case INVALID -> 400;
            case NOT_READY, SHUTTING_DOWN -> 503;
            case OVERLOADED, TURNED_AWAY, EXPIRED, CANCELLED, ENGINE, UNSUPPORTED -> 500;
          };
      answer(exchange, status, JSON, SchedulingJson.error(e.failure().detail()));
    }
  }

  /** Of a path that a context has for itself: what begins with it is another. */
  private static void respond(HttpExchange exchange, int status, String contentType, String body)
      throws IOException {
    boolean known = exchange.getRequestURI().getPath().equals(exchange.getHttpContext().getPath());
    answer(exchange, known ? status : 404, contentType, known || status == 404 ? body : "");
  }

  private static void answer(HttpExchange exchange, int status, String contentType, String body)
      throws IOException {
    try (exchange) {
      boolean read = exchange.getRequestMethod().matches("GET|HEAD");
      byte[] bytes = (read ? body : "").getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", contentType);
      if (exchange.getRequestMethod().equals("HEAD") || bytes.length == 0) {
        exchange.sendResponseHeaders(read ? status : 405, -1);
      } else {
        exchange.sendResponseHeaders(status, bytes.length);
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
