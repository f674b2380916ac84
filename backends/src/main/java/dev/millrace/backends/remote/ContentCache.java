// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import dev.millrace.backends.model.Units;
import dev.millrace.backends.remote.CachedVersion.CachedFile;
import dev.millrace.backends.storage.Digests;
import dev.millrace.backends.storage.DurableFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Versions of models that were fetched from other machines, kept in a folder of this one. Any
 * thread.
 *
 * <p>Contents are kept once, by their digests; a version is a list of them, and what an engine is
 * given is a folder of links. Where there are more bytes than the limit, the versions go that have
 * not been used for longest, but never one that is in use. One process has the folder.
 */
public final class ContentCache implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ContentCache.class);
  private static final String RECORD = ".yaml";

  private final Path folder;
  private final Path records;
  private final Path listings;
  private final Path uses;
  private final long maxBytes;
  private final InstantSource clock;
  private final FileChannel lock;
  private final BlobStore blobs;

  // guarded by this
  private final Map<Path, Kept> kept = new HashMap<>();
  private final Map<Path, Path> recordsInUse = new HashMap<>();
  private final Set<Room> rooms = new HashSet<>();
  private long folders;

  /** A version, and when it was last used. */
  private record Kept(CachedVersion version, long usedMillis) {}

  /**
   * Takes the folder for this process alone.
   *
   * @param folder made if it is not there
   * @param maxBytes of all contents together
   * @throws IOException if the folder cannot be made, or another process has it
   */
  public ContentCache(Path folder, long maxBytes, InstantSource clock) throws IOException {
    this.folder = Files.createDirectories(folder.toAbsolutePath().normalize());
    this.lock = DurableFiles.lock(this.folder);
    this.records = Files.createDirectories(this.folder.resolve("versions"));
    this.listings = Files.createDirectories(this.folder.resolve("listings"));
    this.uses = this.folder.resolve("in-use");
    this.maxBytes = maxBytes;
    this.clock = clock;
    if (Files.exists(uses)) {
      DurableFiles.deleteTree(uses); // of a process that did not end in order
    }
    Files.createDirectories(uses);
    this.blobs = new BlobStore(this.folder, clock);
    load();
  }

  private void load() throws IOException {
    List<Path> paths;
    try (Stream<Path> all = Files.walk(records)) {
      paths = all.filter(path -> path.toString().endsWith(RECORD)).toList();
    }
    for (Path path : paths) {
      try {
        kept.put(
            path, new Kept(CachedVersion.load(path), Files.getLastModifiedTime(path).toMillis()));
      } catch (IOException e) {
        log.warn("left out of the cache: {}", e.getMessage());
        Files.delete(path);
      }
    }
    deleteUnreferenced();
  }

  BlobStore blobs() {
    return blobs;
  }

  /** A version that was fetched as a whole from the registry at {@code location}. */
  synchronized Optional<CachedVersion> find(String location, String model, long version) {
    return Optional.ofNullable(kept.get(record(location, model, version))).map(Kept::version);
  }

  /** All that were fetched from there. */
  synchronized List<CachedVersion> all(String location) {
    return kept.values().stream()
        .map(Kept::version)
        .filter(version -> version.location().equals(location))
        .sorted(
            Comparator.comparing(CachedVersion::model).thenComparingLong(CachedVersion::version))
        .toList();
  }

  /** Where it is kept what the registry at {@code location} listed. */
  Path listing(String location) {
    return listings.resolve(Digests.of(location).substring(0, 16) + RECORD);
  }

  private Path record(CachedVersion version) {
    return record(version.location(), version.model(), version.version());
  }

  private Path record(String location, String model, long version) {
    return records
        .resolve(Digests.of(location).substring(0, 16))
        .resolve(model)
        .resolve(version + RECORD);
  }

  /** Begins to fetch a version: what there is of it stays until the room is closed. */
  synchronized Room room(String location, String model, long version) {
    Room room = new Room(this, record(location, model, version));
    rooms.add(room);
    return room;
  }

  synchronized void close(Room room) {
    rooms.remove(room);
  }

  synchronized void makeRoom(Room room, CachedVersion version) throws IOException {
    while (room.bytes() > 0 && size(kept.values()) + arrivingBytes() > maxBytes) {
      Map.Entry<Path, Kept> oldest =
          kept.entrySet().stream()
              .filter(entry -> !recordsInUse.containsValue(entry.getKey()))
              .filter(entry -> rooms.stream().noneMatch(r -> r.record().equals(entry.getKey())))
              .min(Comparator.comparingLong(entry -> entry.getValue().usedMillis()))
              .orElseThrow(() -> full(version, room.bytes()));
      CachedVersion out = oldest.getValue().version();
      log.info("cache: model {} version {} is deleted to make room", out.model(), out.version());
      Files.delete(oldest.getKey());
      kept.remove(oldest.getKey());
      deleteUnreferenced();
    }
  }

  /** A version that is fetched twice at once comes once. */
  private long arrivingBytes() {
    Map<Path, Long> arriving = new HashMap<>();
    rooms.forEach(room -> arriving.merge(room.record(), room.bytes(), Math::max));
    return arriving.values().stream().mapToLong(bytes -> bytes).sum();
  }

  /** Of all contents that are here as a whole. */
  public synchronized long bytes() {
    return size(kept.values());
  }

  public long maxBytes() {
    return maxBytes;
  }

  private IOException full(CachedVersion version, long bytes) {
    return new IOException(
        "model '%s' version %d: %s do not fit into the cache %s of %s, of which %s are in use (cache_max_bytes)"
            .formatted(
                version.model(),
                version.version(),
                Units.roughly(bytes),
                folder,
                Units.roughly(maxBytes),
                Units.roughly(size(kept.values()) + arrivingBytes() - bytes)));
  }

  private static long size(Collection<Kept> all) {
    Map<String, Long> sizes = new HashMap<>();
    for (Kept one : all) {
      one.version().files().forEach(file -> sizes.put(file.sha256(), file.listed().size()));
    }
    return sizes.values().stream().mapToLong(size -> size).sum();
  }

  private void deleteUnreferenced() throws IOException {
    Set<String> superfluous = new HashSet<>(blobs.all());
    kept.values()
        .forEach(one -> one.version().files().forEach(file -> superfluous.remove(file.sha256())));
    rooms.forEach(room -> superfluous.removeAll(room.brought()));
    for (String sha256 : superfluous) {
      blobs.delete(sha256);
    }
  }

  /**
   * Makes a version known whose contents are all here, and a folder of links to them.
   *
   * @param room that was made for it; it is closed
   * @return the folder, to be given back by {@link #release}
   */
  synchronized Path hold(CachedVersion version, Room room) throws IOException {
    Path record = record(version);
    Kept before = kept.get(record);
    if (before == null || !version.equals(before.version())) {
      Files.createDirectories(record.resolveSibling("."));
      version.save(record);
    }
    long now = clock.millis();
    Files.setLastModifiedTime(record, FileTime.fromMillis(now));
    kept.put(record, new Kept(version, now));
    room.close(); // what it is for counts as kept from now on
    Path target = Files.createDirectories(uses.resolve(Long.toString(folders++)));
    for (CachedFile file : version.files()) {
      Path link = target.resolve(file.listed().name()).normalize();
      Files.createDirectories(link.resolveSibling("."));
      Files.createLink(link, blobs.path(file.sha256()));
    }
    recordsInUse.put(target, record);
    return target;
  }

  /** A file of a folder that was held is not in use any more; nothing if it is none of those. */
  synchronized void release(Path file) {
    if (!file.startsWith(uses) || file.equals(uses)) {
      return;
    }
    Path target = uses.resolve(file.getName(uses.getNameCount()));
    if (recordsInUse.remove(target) == null) {
      return;
    }
    try {
      DurableFiles.deleteTree(target);
    } catch (IOException e) {
      log.warn("cache: {} cannot be deleted: {}", target, e.toString());
    }
  }

  /** Lets go of the folder; what is in it stays. */
  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException e) {
      log.warn("cache {}: {}", folder, e.toString());
    }
  }
}
