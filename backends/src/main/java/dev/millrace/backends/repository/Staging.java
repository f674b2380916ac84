// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of this machine that holds copies of versions in use.
 *
 * <p>Owned by one process, which a locked marker file says: what an earlier owner left behind is
 * deleted, what belongs to a living one or to nobody like us is not touched. Created when first
 * needed. Any thread; one at a time copies, since two would have a disk go back and forth.
 */
final class Staging implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Staging.class);

  static final String MARKER = ".millrace-staging";

  private final Path folder;
  private final FileCopy copy;
  private final ReentrantLock turn = new ReentrantLock(true);
  private volatile @Nullable FileChannel lock;
  private long copies;

  Staging(Path folder, FileCopy copy) {
    this.folder = folder;
    this.copy = copy;
    if (Files.exists(folder.resolve(MARKER))) {
      try {
        open(); // copies that a crash left behind can be larger than anything else we use
      } catch (IOException e) {
        log.warn("staging folder {} cannot be cleaned: {}", folder, e.toString());
      }
    }
  }

  /** Copies the files of a version into a folder of their own, which is returned. */
  Path copy(String name, long version, List<FoundFile> files) throws IOException {
    turn.lock();
    try {
      return copyInTurn(name, version, files);
    } finally {
      turn.unlock();
    }
  }

  private Path copyInTurn(String name, long version, List<FoundFile> files) throws IOException {
    open();
    Path target = folder.resolve(name).resolve(version + "-" + copies++);
    try {
      Files.createDirectories(target);
      for (FoundFile file : files) {
        Path to = target.resolve(file.relativeName());
        Path parent = to.getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        copy.copy(file.path(), to);
      }
    } catch (IOException e) {
      delete(target);
      throw e;
    }
    return target;
  }

  /** Deletes the copy that holds this file; nothing if it is none of ours. */
  void release(Path file) {
    if (!file.startsWith(folder) || file.getNameCount() < folder.getNameCount() + 3) {
      return;
    }
    int names = folder.getNameCount();
    delete(folder.resolve(file.getName(names)).resolve(file.getName(names + 1)));
  }

  /** Deletes all copies and lets go of the folder. */
  @Override
  public void close() {
    FileChannel held = lock;
    if (held == null) {
      return;
    }
    lock = null;
    try (held) {
      deleteContent();
      Files.delete(folder.resolve(MARKER));
    } catch (IOException e) {
      log.warn("staging folder {} cannot be cleaned: {}", folder, e.toString());
    }
  }

  private void open() throws IOException {
    if (lock != null) {
      return;
    }
    Files.createDirectories(folder);
    Path marker = folder.resolve(MARKER);
    if (!Files.exists(marker) && !ModelScanner.children(folder).isEmpty()) {
      throw new IOException(
          "staging folder " + folder + " holds files of others (expected an empty folder)");
    }
    FileChannel channel =
        FileChannel.open(marker, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (!isLocked(channel)) {
        throw new IOException("staging folder " + folder + " is in use (expected one of its own)");
      }
      deleteContent();
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    lock = channel;
  }

  /** Locks the marker file unless another process holds it, or another repository in this one. */
  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  private void deleteContent() throws IOException {
    for (Path child : ModelScanner.children(folder)) {
      if (!ModelScanner.nameOf(child).equals(MARKER)) {
        delete(child);
      }
    }
  }

  private static void delete(Path tree) {
    try {
      Files.walkFileTree(tree, new Deletion());
    } catch (IOException e) {
      log.warn("{} cannot be deleted: {}", tree, e.toString());
    }
  }

  private static final class Deletion extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.delete(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      return FileVisitResult.CONTINUE; // gone already; else its folder's deletion will say so
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e)
        throws IOException {
      Files.delete(folder);
      return FileVisitResult.CONTINUE;
    }
  }
}
