// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A repository whose content a test writes down. */
final class ListedRepository implements ModelRepository {
  static final ModelManifest MANIFEST =
      new ModelManifest(
          ScriptedBackend.NAME,
          "",
          ModelManifest.DEFAULT.versionPolicy(),
          1,
          ModelManifest.DEFAULT.limits(),
          ModelManifest.DEFAULT.scheduling(),
          ModelManifest.DEFAULT.options(),
          List.of(),
          true,
          List.of());

  private final List<ModelEntry> entries = new ArrayList<>();
  final AtomicInteger fetched = new AtomicInteger();
  volatile boolean broken;

  /** Sizes of models' files, by their names; nothing where none is given. */
  final Map<String, Long> bytes = new ConcurrentHashMap<>();

  /** From now on the repository holds this version of a model, and no other of it. */
  void put(String model, long version, String fingerprint) {
    put(
        new ModelEntry(
            model,
            MANIFEST,
            List.of(new ModelVersion(version, fingerprint, true, Optional.empty())),
            Optional.empty()));
  }

  void put(ModelEntry entry) {
    remove(entry.name());
    entries.add(entry);
  }

  void remove(String model) {
    entries.removeIf(entry -> entry.name().equals(model));
  }

  @Override
  public String location() {
    return "a list";
  }

  @Override
  public List<ModelEntry> list() throws IOException {
    if (broken) {
      throw new IOException("unplugged");
    }
    return List.copyOf(entries);
  }

  @Override
  public ModelEntry resolve(String model, VersionSelector selector) throws IOException {
    return list().stream()
        .filter(entry -> entry.name().equals(model))
        .findFirst()
        .orElseThrow(() -> new UnknownVersionException(model + ": not found", false));
  }

  @Override
  public ModelArtifact fetch(ModelEntry entry, ModelVersion version) {
    fetched.incrementAndGet();
    return new ModelArtifact(
        entry.name(),
        version.number(),
        Path.of("nowhere"),
        bytes.getOrDefault(entry.name(), 0L),
        Map.of());
  }

  @Override
  public void release(ModelArtifact artifact) {
    fetched.decrementAndGet();
  }

  @Override
  public void close() {}
}
