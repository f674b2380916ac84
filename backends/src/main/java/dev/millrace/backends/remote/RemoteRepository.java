// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.remote.CachedVersion.CachedFile;
import dev.millrace.backends.remote.RemoteSource.RemoteModel;
import dev.millrace.backends.repository.ConfigOverrides;
import dev.millrace.backends.repository.FoundFile;
import dev.millrace.backends.repository.FoundModel;
import dev.millrace.backends.repository.FoundModel.FoundVersion;
import dev.millrace.backends.repository.ListedFile;
import dev.millrace.backends.repository.ListedFolder;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.Settling;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionPolicy;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * A registry on another machine, with what was fetched from it kept in a cache.
 *
 * <p>Each file is downloaded once: a version that shares contents with another shares the files.
 * Its digest is recorded, and compared whenever it is about to be loaded. While the registry cannot
 * be reached, a version that is named by its number is found in the cache, if all of it is there:
 * so a gateway can be restarted without its registry.
 */
public final class RemoteRepository implements ModelRepository {
  /** Uploads of several objects take longer than copies in a file system. */
  private static final long SETTLE_MILLIS = 2_000;

  /** At once; one registry's line is seldom filled by fewer, and a stalled one is not alone. */
  private static final int MOST_DOWNLOADS = 4;

  /** Configurations are small, and looked at in each poll. */
  private static final int CONFIGURATIONS_KEPT = 1_000;

  private final RemoteSource source;
  private final ContentCache cache;
  private final ConfigOverrides configs;
  private final Map<String, String> defaultFileNames;
  private final Settling settling;
  private final Download download;
  private final Semaphore downloads = new Semaphore(MOST_DOWNLOADS, true);

  /** What the versions are that were listed or resolved, by model and number. */
  private final Map<String, Listed> known = new ConcurrentHashMap<>();

  private final Map<String, byte[]> configurations =
      Collections.synchronizedMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, byte[]> eldest) {
              return size() > CONFIGURATIONS_KEPT;
            }
          });

  private final LastListing lastListing;

  /** A version, and everything that lies in the model's folder. */
  private record Listed(RemoteModel model, FoundVersion version) {}

  /**
   * Takes over the source: closing this one closes it.
   *
   * @param defaultFileNames for each engine there is, the model's file where nothing names one
   */
  public RemoteRepository(
      RemoteSource source,
      ContentCache cache,
      Map<String, String> defaultFileNames,
      InstantSource clock,
      LongSupplier nanoClock) {
    this(source, cache, defaultFileNames, clock, nanoClock, new ConfigOverrides());
  }

  /**
   * @param configs in place of those that lie with the models
   */
  public RemoteRepository(
      RemoteSource source,
      ContentCache cache,
      Map<String, String> defaultFileNames,
      InstantSource clock,
      LongSupplier nanoClock,
      ConfigOverrides configs) {
    this(
        source,
        cache,
        defaultFileNames,
        clock,
        nanoClock,
        LowestRate.DEFAULT,
        Patience.DEFAULT,
        configs);
  }

  RemoteRepository(
      RemoteSource source,
      ContentCache cache,
      Map<String, String> defaultFileNames,
      InstantSource clock,
      LongSupplier nanoClock,
      LowestRate least,
      Patience patience,
      ConfigOverrides configs) {
    this.configs = configs;
    this.source = new PatientSource(source, patience, nanoClock);
    this.cache = cache;
    this.lastListing = new LastListing(cache, source.location());
    this.defaultFileNames = Map.copyOf(defaultFileNames);
    this.settling = new Settling(clock, SETTLE_MILLIS);
    this.download = new Download(source, cache, least, nanoClock);
  }

  @Override
  public String location() {
    return source.location();
  }

  /** What was fetched from it so far, and whether it can be reached. */
  public RemoteStatistics.Snapshot statistics() {
    return source.statistics().snapshot();
  }

  /**
   * {@inheritDoc} Until it could be read for the first time, that is what the cache holds of what
   * it listed when it could last be read.
   */
  @Override
  public List<ModelEntry> list() throws IOException {
    List<FoundModel> models = new ArrayList<>();
    for (RemoteModel model : listing()) {
      models.add(scan(model, Optional.empty()));
    }
    return settling.list(models);
  }

  private List<RemoteModel> listing() throws IOException {
    try {
      List<RemoteModel> listing = source.list();
      lastListing.listed(listing);
      return listing;
    } catch (IOException e) {
      List<RemoteModel> cached = cached();
      if (cached.isEmpty()) {
        throw e;
      }
      return cached;
    }
  }

  private List<RemoteModel> cached() {
    Map<String, List<ListedFile>> files = new TreeMap<>();
    for (CachedVersion version : lastListing.cached()) {
      List<ListedFile> all = files.computeIfAbsent(version.model(), name -> new ArrayList<>());
      version.listing().stream().filter(file -> !all.contains(file)).forEach(all::add);
    }
    return files.entrySet().stream()
        .map(entry -> new RemoteModel(entry.getKey(), entry.getValue()))
        .toList();
  }

  @Override
  public ModelEntry resolve(String name, VersionSelector selector) throws IOException {
    RemoteModel model;
    VersionSelector left = selector;
    try {
      RemoteSource.Found found = source.find(name, selector);
      model = found.model();
      left = found.selector();
    } catch (UnknownVersionException e) {
      throw e;
    } catch (IOException e) {
      model = cached(name, selector).orElseThrow(() -> e);
    }
    FoundModel found = scan(model, Optional.of(VersionPolicy.of(left)));
    found.require(left, location());
    return found.toEntry(settling::isOld);
  }

  /** What an alias or the latest version is, only the registry can say. */
  private Optional<RemoteModel> cached(String name, VersionSelector selector) {
    return selector instanceof VersionSelector.Exactly exactly
        ? cache
            .find(location(), name, exactly.version())
            .map(version -> new RemoteModel(name, version.listing()))
        : Optional.empty();
  }

  private FoundModel scan(RemoteModel model, Optional<VersionPolicy> policy) {
    FoundModel found =
        new ListedFolder(model.name(), model.files(), (file, max) -> read(model, file, max))
            .scan(policy, defaultFileNames, configs);
    for (FoundVersion version : found.versions()) {
      known.put(key(model.name(), version.number()), new Listed(model, version));
    }
    return found;
  }

  private static String key(String model, long version) {
    return model + "/" + version;
  }

  private byte[] read(RemoteModel model, ListedFile file, int maxBytes) throws IOException {
    String key = download.key(model.name(), file);
    byte[] bytes = configurations.get(key);
    if (bytes == null) {
      bytes = readCached(model.name(), file).orElse(null);
    }
    if (bytes == null) {
      try (InputStream in = source.open(model.name(), file, 0)) {
        bytes = in.readNBytes(maxBytes);
      }
      if (bytes.length != Math.min(file.size(), maxBytes)) {
        throw new IOException("%d bytes came (expected %d)".formatted(bytes.length, file.size()));
      }
    }
    configurations.put(key, bytes);
    return bytes;
  }

  private Optional<byte[]> readCached(String model, ListedFile file) throws IOException {
    for (CachedVersion version : cache.all(location())) {
      Optional<CachedFile> here = version.find(file);
      if (version.model().equals(model)
          && here.isPresent()
          && cache.blobs().isIntact(here.get().sha256())) {
        return Optional.of(Files.readAllBytes(cache.blobs().path(here.get().sha256())));
      }
    }
    return Optional.empty();
  }

  @Override
  public ModelArtifact fetch(ModelEntry entry, ModelVersion version) throws IOException {
    String name = entry.name();
    String what = "model '%s' version %d in %s".formatted(name, version.number(), location());
    Listed now = known.get(key(name, version.number()));
    if (now == null || !now.version().fingerprint().equals(version.fingerprint())) {
      throw new IOException(what + " changed while being read");
    }
    Path modelFile =
        now.version()
            .modelFile()
            .orElseThrow(() -> new IOException(what + ": " + now.version().problem().orElse("")));
    Path folder = downloadInTurn(what, name, now);
    lastListing.fetched();
    Path base = Path.of("/", name);
    Map<String, Path> warmUp = new TreeMap<>();
    now.version()
        .warmUpFiles()
        .forEach((file, path) -> warmUp.put(file, folder.resolve(base.relativize(path))));
    return new ModelArtifact(
        name,
        version.number(),
        folder.resolve(base.relativize(modelFile)),
        now.version().bytes(),
        warmUp);
  }

  private Path downloadInTurn(String what, String name, Listed now) throws IOException {
    try {
      downloads.acquire();
    } catch (InterruptedException e) {
      throw NamedLocks.interrupted();
    }
    try {
      return download.version(what, name, now.version().number(), filesOf(now));
    } finally {
      downloads.release();
    }
  }

  /** Those of the version, what it is warmed up with, and the model's configuration. */
  private static List<ListedFile> filesOf(Listed listed) {
    Path base = Path.of("/", listed.model().name());
    List<String> names =
        Stream.concat(
                listed.version().files().files().stream().map(FoundFile::path),
                listed.version().warmUpFiles().values().stream())
            .map(path -> base.relativize(path).toString())
            .toList();
    return listed.model().files().stream()
        .filter(file -> names.contains(file.name()) || ListedFolder.isConfiguration(file.name()))
        .toList();
  }

  @Override
  public void release(ModelArtifact artifact) {
    cache.release(artifact.file());
  }

  @Override
  public void close() {
    source.close();
  }
}
