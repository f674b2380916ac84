// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.stream.Stream;

/** What has to be done to files for a crash to find the old content or the new, and no third. */
public final class DurableFiles {
  /** In a folder that a process has for itself: the file that it has locked. */
  public static final String LOCK = ".lock";

  private DurableFiles() {}

  /** All of it or nothing, whatever happens meanwhile. */
  public static void replace(Path path, byte[] content) throws IOException {
    Path written = path.resolveSibling(path.getFileName() + ".tmp");
    Files.write(written, content);
    sync(written);
    Files.move(written, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    sync(path.resolveSibling("."));
  }

  /** Has a file, or the names in a folder, reach the disk. */
  public static void sync(Path path) throws IOException {
    StandardOpenOption how =
        Files.isDirectory(path) ? StandardOpenOption.READ : StandardOpenOption.WRITE;
    try (FileChannel channel = FileChannel.open(path, how)) {
      channel.force(true);
    }
  }

  /** Deletes a folder and everything in it. */
  public static void deleteTree(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  /**
   * Takes a folder for this process alone.
   *
   * @return to be closed when it is no longer used
   * @throws IOException if another process has it, or this one already
   */
  public static FileChannel lock(Path folder) throws IOException {
    FileChannel channel =
        FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // this process has it: said below
    }
    channel.close();
    throw new IOException(folder + " is in use by another gateway (expected one of its own)");
  }
}
