// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.hooks;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.millrace.backends.serving.Tally;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Takes MLflow's signed webhooks.
 *
 * <p>A delivery is a hint and nothing more: it has the deployments looked at now, which finds out
 * for itself what changed. MLflow loses some, so polling stays. What is refused causes no look, and
 * many that are taken cause one a second at most.
 */
public final class MlflowHook implements HttpHandler {
  public static final String PATH = "/admin/v1/hooks/mlflow";

  private static final JsonFactory JSON = new JsonFactory();
  private static final int MOST_BODY_BYTES = 64 << 10;
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Set<String> ENTITIES = Set.of("model_version_alias", "model_version");

  private final Optional<Deliveries> deliveries;
  private final SpacedRuns looks;
  private final Tally<HookOutcome> outcomes = new Tally<>(HookOutcome.class);

  /**
   * @param secret that MLflow signs with; without one nothing is taken
   * @param look has the deployments looked at; returns soon
   */
  public MlflowHook(
      Optional<String> secret, Runnable look, InstantSource clock, LongSupplier nanoClock) {
    this(secret, new SpacedRuns(look, PAUSE.toNanos(), MlflowHook::after, nanoClock), clock);
  }

  MlflowHook(Optional<String> secret, SpacedRuns looks, InstantSource clock) {
    this.deliveries = secret.map(text -> new Deliveries(text, clock));
    this.looks = looks;
  }

  private static void after(long delayNanos, Runnable task) {
    CompletableFuture.delayedExecutor(delayNanos, TimeUnit.NANOSECONDS).execute(task);
  }

  /** How many deliveries came to what. */
  public Tally<HookOutcome> outcomes() {
    return outcomes;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (deliveries.isEmpty()) {
        answer(
            exchange,
            404,
            "NOT_FOUND",
            "webhooks of MLflow are not taken (expected the setting mlflow_webhook_secret_file)");
      } else if (!exchange.getRequestURI().getPath().equals(PATH)) {
        answer(exchange, 404, "NOT_FOUND", "nothing is at this path (expected " + PATH + ")");
      } else {
        take(exchange, deliveries.get());
      }
    }
  }

  private void take(HttpExchange exchange, Deliveries from) throws IOException {
    HookOutcome outcome;
    String message;
    try {
      String entity = entity(body(exchange, from));
      boolean changes = ENTITIES.contains(entity);
      outcome = changes ? HookOutcome.LOOKED : HookOutcome.IGNORED;
      message = entity + (changes ? ": the deployments are looked at" : ": nothing depends on it");
    } catch (RefusedException e) {
      outcome = e.outcome();
      message = Objects.requireNonNull(e.getMessage());
    }
    outcomes.count(outcome);
    if (outcome == HookOutcome.LOOKED) {
      looks.request();
    }
    answer(exchange, outcome.status(), outcome.name(), message);
  }

  /** Of a delivery that MLflow has signed; nothing is read of one whose head is wrong. */
  private static byte[] body(HttpExchange exchange, Deliveries from)
      throws IOException, RefusedException {
    if (!exchange.getRequestMethod().equals("POST")) {
      exchange.getResponseHeaders().set("Allow", "POST");
      throw new RefusedException(
          HookOutcome.WRONG_METHOD, exchange.getRequestMethod() + " (expected POST)");
    }
    Deliveries.Head head =
        new Deliveries.Head(
            header(exchange, Deliveries.ID),
            header(exchange, Deliveries.TIMESTAMP),
            header(exchange, Deliveries.SIGNATURE));
    from.checkHead(head);
    byte[] body = exchange.getRequestBody().readNBytes(MOST_BODY_BYTES + 1);
    if (body.length > MOST_BODY_BYTES) {
      throw new RefusedException(
          HookOutcome.TOO_LARGE, "body: more than " + MOST_BODY_BYTES + " bytes");
    }
    from.take(head, body);
    return body;
  }

  private static String header(HttpExchange exchange, String name) {
    return Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst(name), "");
  }

  /** What the event is about: {@code {"entity": "model_version_alias", "action": …}}. */
  private static String entity(byte[] body) throws RefusedException {
    String entity = "";
    try (JsonParser json = JSON.createParser(body)) {
      if (json.nextToken() == JsonToken.START_OBJECT) {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          boolean isIt = json.currentName().equals("entity");
          if (json.nextToken() == JsonToken.VALUE_STRING && isIt) {
            entity = json.getText();
          }
          json.skipChildren();
        }
      }
    } catch (IOException e) {
      throw new RefusedException(HookOutcome.MALFORMED, "body: no JSON (expected an event)");
    }
    if (entity.isEmpty()) {
      throw new RefusedException(
          HookOutcome.MALFORMED, "body: no entity (expected an event of MLflow)");
    }
    return entity;
  }

  private static void answer(HttpExchange exchange, int status, String code, String message)
      throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("code", code);
      json.writeStringField("message", message);
      json.writeEndObject();
    }
    byte[] bytes = text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    boolean hasNoBody = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, hasNoBody ? -1 : bytes.length);
    if (!hasNoBody) {
      exchange.getResponseBody().write(bytes);
    }
  }
}
