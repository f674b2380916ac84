// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import dev.millrace.backends.model.Units;
import dev.millrace.backends.storage.Digests;
import dev.millrace.backends.storage.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Files by the SHA-256 of their content.
 *
 * <p>A download that broke off goes on where it ended. A file gets its name when all of it is here
 * and on disk, so one that has a name is whole; whether it still is what it was, {@link #isIntact}
 * tells.
 */
final class BlobStore {
  private static final int BUFFER_BYTES = 1 << 16;

  /** What nobody has gone on with for so long, nobody will. */
  private static final Duration PARTIAL_KEPT = Duration.ofDays(3);

  /** Ends the name of a file that holds the digest of what was fetched. */
  private static final String DONE = ".done";

  private final Path blobs;
  private final Path partial;

  /** By key: one at a time downloads a content. */
  private final NamedLocks downloads = new NamedLocks();

  /** Opens a download at an offset. */
  @FunctionalInterface
  interface Opening {
    InputStream at(long offset) throws IOException;
  }

  BlobStore(Path folder, InstantSource clock) throws IOException {
    this.blobs = Files.createDirectories(folder.resolve("blobs"));
    this.partial = Files.createDirectories(folder.resolve("partial"));
    long before = clock.millis() - PARTIAL_KEPT.toMillis();
    try (DirectoryStream<Path> left = Files.newDirectoryStream(partial)) {
      for (Path file : left) {
        if (Files.getLastModifiedTime(file).toMillis() < before) {
          Files.delete(file);
        }
      }
    }
  }

  Path path(String sha256) {
    return blobs.resolve(sha256.substring(0, 2)).resolve(sha256);
  }

  boolean isIntact(String sha256) throws IOException {
    Path path = path(sha256);
    return Files.exists(path) && Digests.of(path).equals(sha256);
  }

  void delete(String sha256) throws IOException {
    Files.deleteIfExists(path(sha256));
  }

  /** The digests of all files there are. */
  Set<String> all() throws IOException {
    Set<String> all = new HashSet<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(blobs)) {
      for (Path folder : folders) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
          files.forEach(file -> all.add(String.valueOf(file.getFileName())));
        }
      }
    }
    return all;
  }

  /**
   * Downloads a file, or the rest of it, or waits for who is downloading it.
   *
   * @param key the same for the same content, so that what is here of it can be used
   * @param what for messages
   * @param size in bytes
   * @param room that it comes into
   * @return its digest
   */
  String fetch(String key, String what, long size, Room room, Opening opening) throws IOException {
    return downloads.alone(key, () -> fetchAlone(key, what, size, room, opening));
  }

  private String fetchAlone(String key, String what, long size, Room room, Opening opening)
      throws IOException {
    Path part = partial.resolve(Digests.of(key));
    Path done = partial.resolve(part.getFileName() + DONE);
    Optional<String> fetched = fetched(done, room);
    if (fetched.isPresent()) {
      return fetched.get();
    }
    MessageDigest digest = Digests.sha256();
    long have = Files.exists(part) ? Files.size(part) : 0;
    if (have > size) {
      Files.delete(part);
      have = 0;
    }
    if (have > 0) {
      Digests.update(digest, part);
    }
    requireSpace(what, size - have);
    if (have < size || size == 0) {
      try (InputStream in = opening.at(have)) {
        have += append(in, part, digest, size - have, what);
      } catch (RemoteSource.ChangedException e) {
        Files.deleteIfExists(part);
        throw e;
      }
    }
    if (have != size) {
      throw new IOException(
          "%s: the connection ended after %d of %d bytes".formatted(what, have, size));
    }
    String sha256 = Digests.hex(digest);
    room.brings(sha256);
    Path path = path(sha256);
    Files.createDirectories(blobs.resolve(sha256.substring(0, 2)));
    DurableFiles.sync(part);
    Files.move(part, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Files.writeString(done, sha256);
    return sha256;
  }

  /** What was fetched for a version of which other files are still missing, if it is intact. */
  private Optional<String> fetched(Path done, Room room) throws IOException {
    if (!Files.exists(done)) {
      return Optional.empty();
    }
    String sha256 = Files.readString(done);
    if (Digests.isDigest(sha256)) {
      room.brings(sha256);
      if (isIntact(sha256)) {
        return Optional.of(sha256);
      }
    }
    Files.delete(done); // it was damaged, or has made room
    return Optional.empty();
  }

  private void requireSpace(String what, long bytes) throws IOException {
    long free = Files.getFileStore(partial).getUsableSpace();
    if (bytes > free) {
      throw new IOException(
          "%s: %s are needed in %s, where %s are free"
              .formatted(what, Units.roughly(bytes), partial, Units.roughly(free)));
    }
  }

  private static long append(
      InputStream in, Path part, MessageDigest digest, long most, String what) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    long appended = 0;
    try (OutputStream out =
        Files.newOutputStream(part, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (int read = read(in, buffer, appended, most, what);
          read >= 0;
          read = read(in, buffer, appended, most, what)) {
        if (appended + read > most) {
          throw new RemoteSource.ChangedException(what + ": more bytes than were listed");
        }
        write(out, buffer, read, part);
        digest.update(buffer, 0, read);
        appended += read;
      }
    }
    return appended;
  }

  private static int read(InputStream in, byte[] buffer, long appended, long most, String what)
      throws IOException {
    try {
      return in.read(buffer);
    } catch (IOException e) {
      throw new IOException(
          "%s: %s (%d of %d bytes had come)".formatted(what, e.getMessage(), appended, most), e);
    }
  }

  private static void write(OutputStream out, byte[] buffer, int length, Path part)
      throws IOException {
    try {
      out.write(buffer, 0, length);
    } catch (ClosedByInterruptException e) {
      throw e;
    } catch (IOException e) {
      Files.deleteIfExists(part); // a full disk is not helped by half a model
      throw e;
    }
  }
}
