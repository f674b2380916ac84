// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Room in the cache for a version that is being fetched. While it is there, neither what the cache
 * has of the version already nor what is brought for it is deleted. Guarded by the cache.
 */
final class Room implements AutoCloseable {
  private final ContentCache cache;
  private final Path record;
  private final Set<String> brought = new HashSet<>();
  private long bytes;

  Room(ContentCache cache, Path record) {
    this.cache = cache;
    this.record = record;
  }

  /** Of the version. */
  Path record() {
    return record;
  }

  /** That are to be fetched. */
  long bytes() {
    return bytes;
  }

  Set<String> brought() {
    return brought;
  }

  /**
   * Makes room for what is missing of the version.
   *
   * @throws IOException if what is in use leaves too little
   */
  void reserve(CachedVersion version, long missingBytes) throws IOException {
    synchronized (cache) {
      bytes = missingBytes;
      cache.makeRoom(this, version);
    }
  }

  /** A content is about to be there, or is found to be there. */
  void brings(String sha256) {
    synchronized (cache) {
      brought.add(sha256);
    }
  }

  /** The version is held, or was not fetched. */
  @Override
  public void close() {
    cache.close(this);
  }
}
