// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import dev.millrace.backends.remote.CachedVersion.CachedFile;
import dev.millrace.backends.remote.RemoteSource.ChangedException;
import dev.millrace.backends.repository.AlteredException;
import dev.millrace.backends.repository.ListedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Brings the files of a version into the cache, those that are not there as they were fetched. */
record Download(RemoteSource source, ContentCache cache, LowestRate least, LongSupplier nanoClock) {

  /**
   * One version.
   *
   * @param what for messages
   * @param files all that it needs
   * @return a folder of them, to be given back to the cache
   */
  Path version(String what, String model, long number, List<ListedFile> files) throws IOException {
    try (Room room = cache.room(source.location(), model, number)) {
      CachedVersion before =
          cache
              .find(source.location(), model, number)
              .orElse(new CachedVersion(source.location(), model, number, List.of()));
      Map<ListedFile, CachedFile> here = new HashMap<>();
      long missingBytes = 0;
      for (ListedFile file : files) {
        Optional<CachedFile> old = before.find(file);
        if (old.isPresent() && cache.blobs().isIntact(old.get().sha256())) {
          here.put(file, old.get());
        } else {
          missingBytes += file.size();
        }
      }
      room.reserve(before, missingBytes);
      List<CachedFile> all = new ArrayList<>();
      for (ListedFile file : files) {
        CachedFile old = here.get(file);
        all.add(old != null ? old : file(what, model, file, before.find(file), room));
      }
      return cache.hold(new CachedVersion(source.location(), model, number, all), room);
    }
  }

  private CachedFile file(
      String what, String model, ListedFile file, Optional<CachedFile> recorded, Room room)
      throws IOException {
    String sha256;
    try {
      sha256 = transfer(what + ": " + file.name(), model, file, room);
    } catch (ChangedException e) {
      source.statistics().downloadFailed();
      throw new IOException(what + " changed while being read: " + e.getMessage(), e);
    } catch (IOException e) {
      if (!Thread.currentThread().isInterrupted()) { // else nobody wants it any more
        source.statistics().downloadFailed();
      }
      throw e;
    }
    if (recorded.isPresent() && !recorded.get().sha256().equals(sha256)) {
      throw new AlteredException(
          "%s: %s was altered: SHA-256 %s (expected %s, as it was first fetched)"
              .formatted(what, file.name(), sha256, recorded.get().sha256()));
    }
    return new CachedFile(file, sha256);
  }

  private String transfer(String what, String model, ListedFile file, Room room)
      throws IOException {
    Transfer transfer = new Transfer(what, file.size(), least, nanoClock);
    RemoteStatistics statistics = source.statistics();
    BlobStore.Opening opening =
        offset -> statistics.counting(source.open(model, file, offset), transfer.received());
    return transfer.run(
        () ->
            cache
                .blobs()
                .fetch(
                    key(model, file),
                    what,
                    file.size(),
                    room,
                    offset -> transfer.open(offset, opening)));
  }

  /** What is the same for the same content. */
  String key(String model, ListedFile file) {
    return String.join(
        "\0", source.location(), model, file.name(), file.revision(), Long.toString(file.size()));
  }
}
