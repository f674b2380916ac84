// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * An HTTP server that speaks as much of MLflow as a fetch needs, and sends files as slowly as a
 * test has it: a real one cannot be told to.
 */
public final class ToyMlflow implements AutoCloseable {
  private static final String ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts";

  private final Map<String, byte[]> files = new ConcurrentSkipListMap<>();
  private final Map<String, Sending> sendings = new ConcurrentHashMap<>();
  private final List<String> downloads = new CopyOnWriteArrayList<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;

  /** Sends what is left of a file. */
  @FunctionalInterface
  public interface Sending {
    void send(byte[] rest, OutputStream out) throws IOException, InterruptedException;
  }

  public ToyMlflow() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** A file of a version, from now on. */
  public void put(String model, long version, String file, byte[] content) {
    files.put(model + "/" + version + "/" + file, content);
  }

  /** How files of that name of a model's version are sent from now on. */
  public void sends(String model, long version, String file, Sending sending) {
    sendings.put(model + "/" + version + "/" + file, sending);
  }

  /** Every download: {@code model/version/file@offset}. */
  public List<String> downloads() {
    return downloads;
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    Map<String, String> query = query(exchange);
    try (exchange) {
      if (path.startsWith(ARTIFACTS + "/")) {
        download(exchange, path.substring(ARTIFACTS.length() + 1));
      } else if (path.equals(ARTIFACTS)) {
        json(exchange, listing(query.getOrDefault("path", "")));
      } else if (path.endsWith("/get-download-uri")) {
        json(
            exchange,
            "{\"artifact_uri\": \"mlflow-artifacts:/%s/%s\"}"
                .formatted(query.get("name"), query.get("version")));
      } else {
        json(
            exchange,
            "{\"model_version\": {\"name\": \"%s\", \"version\": \"%s\", \"status\": \"READY\"}}"
                .formatted(query.get("name"), query.get("version")));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> query = new TreeMap<>();
    String text = exchange.getRequestURI().getQuery();
    for (String part : text == null ? new String[0] : text.split("&")) {
      query.put(part.replaceFirst("=.*", ""), part.replaceFirst("[^=]*=", ""));
    }
    return query;
  }

  private String listing(String folder) {
    return files.entrySet().stream()
        .filter(file -> file.getKey().startsWith(folder + "/"))
        .map(
            file ->
                "{\"path\": \"%s\", \"is_dir\": false, \"file_size\": %d}"
                    .formatted(
                        file.getKey().substring(folder.length() + 1), file.getValue().length))
        .collect(Collectors.joining(", ", "{\"files\": [", "]}"));
  }

  private void download(HttpExchange exchange, String name)
      throws IOException, InterruptedException {
    byte[] content = files.getOrDefault(name, new byte[0]);
    String range = exchange.getRequestHeaders().getFirst("Range");
    int offset = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
    downloads.add(name + "@" + offset);
    exchange.getResponseHeaders().set("ETag", "\"" + Arrays.hashCode(content) + "\"");
    exchange.sendResponseHeaders(range == null ? 200 : 206, content.length - offset);
    sendings
        .getOrDefault(name, (rest, out) -> out.write(rest))
        .send(Arrays.copyOfRange(content, offset, content.length), exchange.getResponseBody());
  }

  private static void json(HttpExchange exchange, String text) throws IOException {
    byte[] body = text.getBytes(UTF_8);
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
