// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.storage.DurableFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Staging folders that processes left behind, by being killed, beside that of this one.
 *
 * <p>What is deleted is named after a process that is not there, holds what a gateway puts there
 * and nothing else, and is locked by nobody: a process of another container has a number of its
 * own, and holds its locks all the same.
 */
public final class LeftStaging {
  private static final Logger log = LoggerFactory.getLogger(LeftStaging.class);

  private static final String PREFIX = "millrace-";
  private static final Pattern NAME = Pattern.compile(PREFIX + "([0-9]{1,18})");
  private static final Pattern CHILD = Pattern.compile("repository-[0-9]+|registry|cache");

  /** Of the folders in one. */
  private static final List<String> MARKERS = List.of(Staging.MARKER, DurableFiles.LOCK);

  private LeftStaging() {}

  /** The name of a process's folder. */
  public static String nameOf(long pid) {
    return PREFIX + pid;
  }

  /**
   * Deletes those beside a folder, if it is named as they are; what cannot be deleted stays.
   *
   * @param isAlive whether there is a process of that number
   */
  public static void deleteBeside(Path own, LongPredicate isAlive) {
    Path parent = own.toAbsolutePath().getParent();
    if (parent == null || !NAME.matcher(ModelScanner.nameOf(own)).matches()) {
      return;
    }
    try (DirectoryStream<Path> all = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path folder : all) {
        Matcher name = NAME.matcher(ModelScanner.nameOf(folder));
        if (name.matches() && !isAlive.test(Long.parseLong(name.group(1)))) {
          delete(folder);
        }
      }
    } catch (IOException e) {
      log.info("{}: what others left behind cannot be looked for: {}", parent, e.toString());
    }
  }

  private static void delete(Path folder) {
    try {
      if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS) && isLeft(folder)) {
        DurableFiles.deleteTree(folder);
        log.info("{}: deleted, its process is gone", folder);
      }
    } catch (IOException e) {
      log.info("{}: its process is gone, and it cannot be deleted: {}", folder, e.toString());
    }
  }

  private static boolean isLeft(Path folder) throws IOException {
    for (Path child : ModelScanner.children(folder)) {
      boolean isOurs =
          CHILD.matcher(ModelScanner.nameOf(child)).matches()
              && Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS);
      if (!isOurs || !isEmptyOrUnlocked(child)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isEmptyOrUnlocked(Path child) throws IOException {
    for (String marker : MARKERS) {
      Path file = child.resolve(marker);
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        return isFree(file);
      }
    }
    return ModelScanner.children(child).isEmpty();
  }

  private static boolean isFree(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }
}
