// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.mlflow;

import dev.millrace.backends.mlflow.MlflowClient.RefusedException;
import dev.millrace.backends.remote.RemoteSource;
import dev.millrace.backends.remote.RemoteStatistics;
import dev.millrace.backends.repository.ListedFile;
import dev.millrace.backends.repository.ListedFolder;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The models that are registered with an MLflow server: {@code models:/name/3}, {@code
 * models:/name@champion}, {@code models:/name/latest}.
 *
 * <p>Artifacts come through the server ({@code --serve-artifacts}) or from a folder that this
 * machine sees under the same path. A version's place never changes, so it is looked up once. A
 * {@code model.yaml} or {@code config.pbtxt} among a version's artifacts, or its {@code
 * extra_files}, says how it is to be served.
 */
public final class MlflowSource implements RemoteSource {
  private static final String PROXIED = "mlflow-artifacts:";

  /** Where MLflow puts what {@code log_model} is given as {@code extra_files}. */
  private static final String EXTRA_FILES = "extra_files/";

  private static final String NOT_FOUND = "RESOURCE_DOES_NOT_EXIST";
  private static final String INVALID = "INVALID_PARAMETER_VALUE";

  private final URI server;
  private final RemoteStatistics statistics;
  private final MlflowClient client;

  /** What was found of versions, which do not change. */
  private final Map<String, Version> versions = new ConcurrentHashMap<>();

  /**
   * A version's artifacts.
   *
   * @param paths where each file is among them, by the name that it is listed with
   */
  private record Version(
      String created, Artifacts place, RemoteModel model, Map<String, String> paths) {}

  /**
   * @param server {@code http://host:5000}, with a path if the server has one
   */
  public MlflowSource(URI server, Credentials credentials, LongSupplier nanoClock) {
    this.server = server;
    this.statistics = new RemoteStatistics(nanoClock);
    this.client = new MlflowClient(server, credentials, nanoClock, statistics);
  }

  @Override
  public String location() {
    return "MLflow at " + server;
  }

  /** {@inheritDoc} Registered models are served once they are deployed. */
  @Override
  public List<RemoteModel> list() {
    return List.of();
  }

  @Override
  public Found find(String model, VersionSelector selector) throws IOException {
    Json version =
        switch (selector) {
          case VersionSelector.Exactly exactly -> byNumber(model, exactly.version());
          case VersionSelector.Alias alias -> byAlias(model, alias.name());
          case VersionSelector.Latest latest -> latest(model);
        };
    long number = number(version);
    Version known = versions.get(key(model, number));
    if (known == null || !known.created().equals(created(version))) {
      known = look(model, number, version);
      versions.put(key(model, number), known);
    }
    return new Found(known.model(), new VersionSelector.Exactly(number));
  }

  /** Of a model that was deleted and registered anew, a number is another version. */
  private static String created(Json version) {
    return version.number("creation_timestamp").orElse(0L) + " " + version.text("source");
  }

  private static String key(String model, long number) {
    return model + "/" + number;
  }

  private Json byAlias(String model, String alias) throws IOException {
    try {
      return versionIn(
          client.get("registered-models/alias", Map.of("name", model, "alias", alias)));
    } catch (RefusedException e) {
      // an unknown alias of a known model is an invalid value to MLflow
      throw unknown(
          e,
          INVALID,
          "model '%s': alias '%s'".formatted(model, alias),
          !e.code().equals(NOT_FOUND));
    }
  }

  private Json latest(String model) throws IOException {
    Json found =
        client.get(
            "model-versions/search",
            Map.of(
                "filter", "name='" + model + "'",
                "order_by", "version_number DESC",
                "max_results", "1"));
    List<Json> latest = found.objects("model_versions");
    if (latest.isEmpty()) {
      throw new UnknownVersionException(
          "model '%s': no versions in %s".formatted(model, location()), false);
    }
    return latest.getFirst();
  }

  private Json byNumber(String model, long number) throws IOException {
    try {
      return versionIn(client.get("model-versions/get", named(model, number)));
    } catch (RefusedException e) {
      throw unknown(
          e, NOT_FOUND, "model '%s': version %d".formatted(model, number), isKnown(model));
    }
  }

  private static Map<String, String> named(String model, long number) {
    return Map.of("name", model, "version", Long.toString(number));
  }

  private Version look(String model, long number, Json version) throws IOException {
    if (!version.text("status").equals("READY")) {
      throw new IOException(
          "model '%s' version %d in %s: status %s %s (expected READY)"
              .formatted(
                  model,
                  number,
                  location(),
                  version.text("status"),
                  version.text("status_message")));
    }
    String uri =
        client.get("model-versions/get-download-uri", named(model, number)).text("artifact_uri");
    Artifacts place = place(uri);
    List<ListedFile> artifacts = place.list();
    Flavors.requireOnnx(model, number, place, artifacts);
    List<ListedFile> files = new ArrayList<>();
    Map<String, String> paths = new HashMap<>();
    for (ListedFile file : artifacts) {
      String name = listedName(number, file.name());
      if (paths.putIfAbsent(name, file.name()) == null) {
        files.add(new ListedFile(name, file.size(), file.modifiedMillis(), uri));
      }
    }
    return new Version(created(version), place, new RemoteModel(model, files), paths);
  }

  /** The model's configuration lies above its versions; samples lie in the version. */
  private static String listedName(long number, String path) {
    String name = path.startsWith(EXTRA_FILES) ? path.substring(EXTRA_FILES.length()) : path;
    if (ListedFolder.isConfiguration(name)) {
      return name;
    }
    return number + "/" + (ListedFolder.isSample(name) ? name : path);
  }

  private boolean isKnown(String model) {
    try {
      client.get("registered-models/get", Map.of("name", model));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private Artifacts place(String uri) throws IOException {
    if (uri.startsWith(PROXIED)) {
      // a host in it is this server under another name
      String path = uri.substring(PROXIED.length()).replaceFirst("^//[^/]*", "");
      return new Artifacts.Proxied(client, path.replaceFirst("^/+", ""));
    }
    String path = uri.replaceFirst("^file:(//(localhost)?(?=/))?", "");
    if (path.startsWith("/")) {
      return new Artifacts.Local(Path.of(path));
    }
    throw new IOException(
        "%s keeps artifacts at %s (expected mlflow-artifacts:, that is a server with --serve-artifacts, or a folder)"
            .formatted(location(), uri));
  }

  private Json versionIn(Json answer) throws IOException {
    return answer
        .object("model_version")
        .orElseThrow(() -> new IOException(location() + " answers without a model_version"));
  }

  private long number(Json version) throws IOException {
    String text = version.text("version");
    return VersionSelector.parse(text)
        .filter(VersionSelector.Exactly.class::isInstance)
        .map(exactly -> ((VersionSelector.Exactly) exactly).version())
        .orElseThrow(() -> new IOException("%s answers version '%s'".formatted(location(), text)));
  }

  /** What a refusal means, where that is that something is not there. */
  private IOException unknown(RefusedException e, String code, String what, boolean isModelKnown) {
    if (e.code().equals(code) || e.code().equals(NOT_FOUND)) {
      return new UnknownVersionException(
          "%s not found in %s: %s".formatted(what, location(), e.getMessage()), isModelKnown);
    }
    return new IOException("%s: %s: %s".formatted(location(), e.code(), e.getMessage()), e);
  }

  @Override
  public InputStream open(String model, ListedFile file, long offset) throws IOException {
    for (Version version : versions.values()) {
      if (version.model().name().equals(model) && version.model().files().contains(file)) {
        return version.place().open(version.paths().getOrDefault(file.name(), ""), offset);
      }
    }
    throw new IOException("model '%s': %s was not listed".formatted(model, file.name()));
  }

  @Override
  public RemoteStatistics statistics() {
    return statistics;
  }

  @Override
  public void close() {}
}
