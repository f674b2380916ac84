// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import dev.millrace.backends.remote.RemoteSource.RemoteModel;
import dev.millrace.backends.repository.ListedFile;
import dev.millrace.backends.repository.ListedFolder;
import dev.millrace.backends.storage.Digests;
import dev.millrace.backends.storage.YamlRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which of the versions that the cache holds a registry listed when it could last be read: so that
 * what was withdrawn since it was fetched does not come back when the gateway is restarted while
 * the registry is down. A file of its own beside the cache. Any thread.
 */
final class LastListing {
  private static final Logger log = LoggerFactory.getLogger(LastListing.class);

  private final ContentCache cache;
  private final String location;
  private final Path file;

  // guarded by this
  private final Map<String, RemoteModel> listed = new HashMap<>();
  private Set<String> saved = Set.of();
  private boolean wasListed;
  private String lastFailure = "";

  LastListing(ContentCache cache, String location) {
    this.cache = cache;
    this.location = location;
    this.file = cache.listing(location);
    if (Files.exists(file)) {
      try {
        saved = YamlRecord.load(file, record -> Set.copyOf(record.texts("versions")));
      } catch (IOException e) {
        log.warn("{}: what it listed last is not known: {}", location, e.getMessage());
      }
    }
  }

  /** The registry could be read. */
  synchronized void listed(Collection<RemoteModel> models) {
    listed.clear();
    models.forEach(model -> listed.put(model.name(), model));
    wasListed = true;
    save();
  }

  /** A version has come into the cache. */
  synchronized void fetched() {
    if (wasListed) {
      save();
    }
  }

  /** What the cache holds of that; nothing once the registry could be read. */
  synchronized List<CachedVersion> cached() {
    return wasListed
        ? List.of()
        : cache.all(location).stream().filter(version -> saved.contains(key(version))).toList();
  }

  private void save() {
    Map<String, Set<ListedFile>> files = new HashMap<>();
    Set<String> now = new TreeSet<>();
    for (CachedVersion version : cache.all(location)) {
      RemoteModel model = listed.get(version.model());
      if (model != null
          && files
              .computeIfAbsent(model.name(), name -> new HashSet<>(model.files()))
              .containsAll(content(version))) {
        now.add(key(version));
      }
    }
    if (now.equals(saved)) {
      return;
    }
    try {
      YamlRecord.save(file, Map.of("location", location, "versions", new ArrayList<>(now)));
      saved = now;
      lastFailure = "";
    } catch (IOException e) {
      if (!lastFailure.equals(e.toString())) { // once, not at every look
        lastFailure = e.toString();
        log.warn("{}: what it lists cannot be kept: {}", location, lastFailure);
      }
    }
  }

  /** A configuration may be another one since, which makes no other version. */
  private static List<ListedFile> content(CachedVersion version) {
    return version.listing().stream()
        .filter(listed -> !ListedFolder.isConfiguration(listed.name()))
        .toList();
  }

  /** What is put in the place of a version is another one. */
  private static String key(CachedVersion version) {
    String content =
        content(version).stream().map(ListedFile::toString).collect(Collectors.joining("\n"));
    return "%s/%d %s".formatted(version.model(), version.version(), Digests.of(content));
  }
}
