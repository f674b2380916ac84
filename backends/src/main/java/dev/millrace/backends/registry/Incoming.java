// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

import dev.millrace.backends.storage.DurableFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A folder for a version on its way in, and a file beside it that is locked for as long as the
 * process that takes it in lives: what nobody has locked was left behind.
 *
 * <p>Made and cleaned up by writers of the registry in their turn.
 */
final class Incoming implements AutoCloseable {
  private static final String PREFIX = ".incoming-";
  private static final String LOCK = ".lock";

  private final Path folder;
  private final Path lockFile;
  private final FileChannel lock;

  private Incoming(Path folder, Path lockFile, FileChannel lock) {
    this.folder = folder;
    this.lockFile = lockFile;
    this.lock = lock;
  }

  static Incoming create(Path root) throws IOException {
    Path folder = unnamed(root);
    Path lockFile = lockFile(folder);
    FileChannel lock =
        FileChannel.open(lockFile, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try {
      if (!isFree(lock)) {
        throw new IOException(lockFile + " is locked (expected a file of our own)");
      }
      Files.createDirectory(folder);
    } catch (IOException e) {
      lock.close();
      throw e;
    }
    return new Incoming(folder, lockFile, lock);
  }

  /** A name for a folder that is no version, and that is deleted if it is found there later. */
  static Path unnamed(Path root) {
    return root.resolve(PREFIX + UUID.randomUUID());
  }

  private static Path lockFile(Path folder) {
    return folder.resolveSibling(folder.getFileName() + LOCK);
  }

  /** What may have been left behind. */
  static List<Path> find(Path root) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(root, PREFIX + "*")) {
      children.forEach(found::add);
    }
    return found;
  }

  /** Deletes it, unless a process that lives is still taking it in. */
  static void deleteIfLeftBehind(Path found) throws IOException {
    Path lockFile = found.toString().endsWith(LOCK) ? found : lockFile(found);
    try (FileChannel channel =
        FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      if (isFree(channel)) {
        if (Files.isDirectory(found)) {
          DurableFiles.deleteTree(found);
        }
        Files.deleteIfExists(lockFile);
      }
    }
  }

  private static boolean isFree(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // this process is taking it in
    }
  }

  /** Where the files go. */
  Path folder() {
    return folder;
  }

  /** Deletes what is still there: all of it, unless the folder has become a version. */
  @Override
  public void close() throws IOException {
    try (lock) {
      if (Files.exists(folder)) {
        DurableFiles.deleteTree(folder);
      }
      Files.deleteIfExists(lockFile);
    }
  }
}
