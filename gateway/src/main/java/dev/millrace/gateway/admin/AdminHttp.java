// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.Message;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.millrace.backends.deployment.Event;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.registry.RegistryException;
import dev.millrace.backends.registry.Upload;
import dev.millrace.proto.admin.v1.PushHeader;
import dev.millrace.proto.admin.v1.PushedFile;
import dev.millrace.proto.admin.v1.WatchEventsRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The administration as JSON over HTTP. Runs on threads that may wait.
 *
 * <p>Pages of other sites must not be able to change anything through somebody's browser: a change
 * with a foreign {@code Origin} is refused, and so is one without a token that was sent to another
 * host's name.
 */
final class AdminHttp implements HttpHandler {
  private static final JsonFactory JSON = new JsonFactory();
  private static final String JSON_TYPE = "application/json";
  private static final int MOST_BODY_BYTES = 1 << 20;
  private static final int MOST_UNREAD = 10_000;
  private static final String EVENTS = "/events";
  private static final PathTemplate PUSH = new PathTemplate("/models/{model}/versions");
  private static final String METADATA = "metadata.";
  private static final List<String> FORWARDED = List.of("X-Forwarded-For", "Forwarded", "Via");

  /** Between two signs of life to who follows events: one who has gone is noticed by them. */
  private static final long SIGN_OF_LIFE_SECONDS = 15;

  private final List<Route> routes = new ArrayList<>();
  private final RegistryVerbs registry;
  private final EventLog events;
  private final Access access;
  private final String description;
  private final Executor threads;

  private record Route(PathTemplate path, Verb<?, ?> verb) {}

  AdminHttp(
      List<Verb<?, ?>> verbs,
      RegistryVerbs registry,
      EventLog events,
      Access access,
      Executor threads) {
    this.threads = threads;
    verbs.forEach(verb -> routes.add(new Route(new PathTemplate(verb.path()), verb)));
    this.registry = registry;
    this.events = events;
    this.access = access;
    this.description = OpenApi.describe(verbs);
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      try {
        serve(exchange);
      } catch (StatusRuntimeException e) {
        fail(exchange, e.getStatus());
      }
    }
  }

  private void serve(HttpExchange exchange) throws IOException {
    URI uri = exchange.getRequestURI();
    String path = uri.getRawPath().substring(Administration.PATH.length() - 1);
    String method = exchange.getRequestMethod();
    Map<String, String> query = query(uri.getRawQuery());
    if (!method.equals("GET")) {
      requireAllowed(exchange);
    }
    if (method.equals("GET") && path.equals("/openapi.json")) {
      answer(exchange, 200, description);
    } else if (method.equals("GET") && path.equals(EVENTS)) {
      events(exchange, query);
    } else if (method.equals("POST") && PUSH.match(path).isPresent()) {
      push(exchange, PUSH.match(path).get().getOrDefault("model", ""), query);
    } else {
      verb(exchange, method, path, query);
    }
  }

  private void verb(HttpExchange exchange, String method, String path, Map<String, String> query)
      throws IOException {
    List<String> methods = new ArrayList<>();
    for (Route route : routes) {
      Optional<Map<String, String>> fields = route.path().match(path);
      if (fields.isEmpty()) {
        continue;
      }
      if (route.verb().httpMethod().equals(method)) {
        run(exchange, route.verb(), fields.get(), query);
        return;
      }
      methods.add(route.verb().httpMethod());
    }
    if (methods.isEmpty()) {
      throw Status.NOT_FOUND
          .withDescription(
              "nothing is at this path (see %sopenapi.json)".formatted(Administration.PATH))
          .asRuntimeException();
    }
    exchange.getResponseHeaders().set("Allow", String.join(", ", methods));
    error(exchange, 405, "METHOD_NOT_ALLOWED", method + " (expected one of " + methods + ")");
  }

  private <Q extends Message, R extends Message> void run(
      HttpExchange exchange, Verb<Q, R> verb, Map<String, String> path, Map<String, String> query)
      throws IOException {
    Map<String, String> fields = new LinkedHashMap<>(query);
    fields.putAll(path);
    String body = verb.body().isEmpty() ? "" : body(exchange);
    Q request = AdminJson.request(verb, body, fields);
    answer(
        exchange,
        200,
        AnswerJson.print(onThread(() -> verb.handler().handle(request, actor(exchange)))));
  }

  /** Engines hold a thread fast, and those of this port are few that many others need. */
  private <T> T onThread(Callable<T> task) {
    FutureTask<T> future = new FutureTask<>(task);
    threads.execute(future);
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw AdminErrors.status(Objects.requireNonNullElse(e.getCause(), e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Status.CANCELLED.asRuntimeException();
    }
  }

  // --- access

  private void requireAllowed(HttpExchange exchange) {
    String origin = exchange.getRequestHeaders().getFirst("Origin");
    String host = exchange.getRequestHeaders().getFirst("Host");
    if (origin != null && !origin.equals("http://" + host) && !origin.equals("https://" + host)) {
      throw Status.PERMISSION_DENIED
          .withDescription("a page of " + origin + " may change nothing here")
          .asRuntimeException();
    }
    String authorization = exchange.getRequestHeaders().getFirst("Authorization");
    boolean forwarded =
        FORWARDED.stream().anyMatch(name -> exchange.getRequestHeaders().containsKey(name));
    Status allowed =
        access.check(authorization, exchange.getRemoteAddress().getAddress(), forwarded);
    if (!allowed.isOk()) {
      throw allowed.asRuntimeException();
    }
    if (authorization == null && !isOfThisMachine(host)) {
      throw Status.PERMISSION_DENIED
          .withDescription(
              "Host: %s (expected localhost or an address, without a token)".formatted(host))
          .asRuntimeException();
    }
  }

  /** Whether it is no name that some other site's owner can have resolved to this machine. */
  private static boolean isOfThisMachine(String host) {
    String name = host == null ? "" : host.replaceFirst(":\\d+$", "");
    return name.equals("localhost") || name.matches("[0-9.]+|\\[[0-9a-fA-F:.]+]");
  }

  private static String actor(HttpExchange exchange) {
    InetAddress from = exchange.getRemoteAddress().getAddress();
    return Access.actor(exchange.getRequestHeaders().getFirst(Access.ACTOR_HEADER), from);
  }

  // --- what is no plain verb

  /** The body is the model's file; what else there is to say is in the query. */
  private void push(HttpExchange exchange, String model, Map<String, String> query)
      throws IOException {
    long size;
    try {
      size = Long.parseLong(exchange.getRequestHeaders().getFirst("Content-Length"));
    } catch (NumberFormatException e) {
      throw AdminJson.invalid("Content-Length: none (expected the size of the file)");
    }
    PushHeader header = header(model, size, query);
    try (Upload upload = registry.begin(header);
        InputStream in = exchange.getRequestBody()) {
      byte[] part = new byte[1 << 16];
      for (int read = in.read(part); read >= 0; read = in.read(part)) {
        upload.write(ByteBuffer.wrap(part, 0, read));
      }
      answer(
          exchange,
          200,
          AnswerJson.print(onThread(() -> registry.commit(header, upload, actor(exchange)))));
    } catch (RegistryException e) {
      throw AdminErrors.status(e);
    }
  }

  private static PushHeader header(String model, long size, Map<String, String> query) {
    PushHeader.Builder header = PushHeader.newBuilder().setModel(model);
    PushedFile.Builder file = PushedFile.newBuilder().setName("model.onnx").setSize(size);
    query.forEach(
        (name, value) -> {
          switch (name) {
            case "version" -> header.setVersion(number(name, value));
            case "alias" -> header.addAliases(value);
            case "note" -> header.setNote(value);
            case "sha256" -> file.setSha256(value);
            default -> {
              if (!name.startsWith(METADATA)) {
                throw AdminJson.invalid(
                    name + ": unknown (expected version, alias, note, sha256 or metadata.KEY)");
              }
              header.putMetadata(name.substring(METADATA.length()), value);
            }
          }
        });
    return header.addFiles(file).build();
  }

  private static long number(String name, String value) {
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw AdminJson.invalid("%s: '%s' (expected a number)".formatted(name, value));
    }
  }

  /** One JSON object a line; with {@code follow}, until the reader has had enough. */
  private void events(HttpExchange exchange, Map<String, String> query) throws IOException {
    WatchEventsRequest request =
        WatchEventsRequest.newBuilder()
            .setSubject(query.getOrDefault("subject", ""))
            .setFollow(query.getOrDefault("follow", "false").matches("|true"))
            .build();
    exchange.getResponseHeaders().set("Content-Type", "application/x-ndjson");
    exchange.sendResponseHeaders(200, 0);
    BlockingQueue<Event> waiting = new LinkedBlockingQueue<>(MOST_UNREAD);
    Runnable end = events.follow(waiting::offer);
    try (OutputStream out = exchange.getResponseBody()) {
      out.flush(); // the headers, before the first event
      while (request.getFollow() || !waiting.isEmpty()) {
        Event event = waiting.poll(SIGN_OF_LIFE_SECONDS, TimeUnit.SECONDS);
        if (event == null) {
          out.write('\n');
          out.flush();
        } else if (EventStream.isMeant(request, event)) {
          String line = AnswerJson.printLine(EventStream.message(event)) + "\n";
          out.write(line.getBytes(StandardCharsets.UTF_8));
          out.flush();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      end.run();
    }
  }

  // --- HTTP

  private static Map<String, String> query(String raw) {
    Map<String, String> values = new LinkedHashMap<>();
    if (raw != null) {
      for (String pair : raw.split("&", -1)) {
        String[] parts = pair.split("=", 2);
        values.put(
            URLDecoder.decode(parts[0], StandardCharsets.UTF_8),
            parts.length < 2 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
      }
    }
    return values;
  }

  private static String body(HttpExchange exchange) throws IOException {
    byte[] bytes = exchange.getRequestBody().readNBytes(MOST_BODY_BYTES + 1);
    if (bytes.length > MOST_BODY_BYTES) {
      throw AdminJson.invalid("body: more than " + MOST_BODY_BYTES + " bytes");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void fail(HttpExchange exchange, Status status) throws IOException {
    int code =
        switch (status.getCode()) {
          case OK -> 200;
          case INVALID_ARGUMENT, OUT_OF_RANGE -> 400;
          case UNAUTHENTICATED -> 401;
          case PERMISSION_DENIED -> 403;
          case NOT_FOUND -> 404;
          case ALREADY_EXISTS, ABORTED, FAILED_PRECONDITION -> 409;
          case RESOURCE_EXHAUSTED -> 429;
          case CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, DATA_LOSS -> 500;
          case UNIMPLEMENTED -> 501;
          case UNAVAILABLE -> 503;
        };
    error(exchange, code, status.getCode().name(), String.valueOf(status.getDescription()));
  }

  private static void error(HttpExchange exchange, int code, String name, String message)
      throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("code", name);
      json.writeStringField("message", message);
      json.writeEndObject();
    }
    answer(exchange, code, text.append('\n').toString());
  }

  private static void answer(HttpExchange exchange, int code, String body) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", JSON_TYPE);
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(code, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
