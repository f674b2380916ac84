// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Walks one version's folder, links followed. Never throws: what cannot be read becomes the
 * version's problem.
 */
final class VersionWalk extends SimpleFileVisitor<Path> {

  /** Far above any model: the largest sharded ones have a few hundred files. */
  static final int MAX_FILES = 10_000;

  /** Far above any model: deeper is a mistake, such as a link to the root folder. */
  static final int MAX_DEPTH = 16;

  private final Path base;
  private final Predicate<String> excludedAtTop;
  private final List<FoundFile> files = new ArrayList<>();
  private final List<FoundFile> arriving = new ArrayList<>();
  private long newestMillis = Long.MIN_VALUE;
  private Optional<String> problem = Optional.empty();

  private VersionWalk(Path base, Predicate<String> excludedAtTop) {
    this.base = base;
    this.excludedAtTop = excludedAtTop;
  }

  /**
   * Everything below a folder.
   *
   * @param excludedAtTop names directly in {@code base} that do not belong to the version
   */
  static VersionFiles of(Path base, Predicate<String> excludedAtTop) {
    VersionWalk walk = new VersionWalk(base, excludedAtTop);
    try {
      Set<FileVisitOption> followLinks = EnumSet.of(FileVisitOption.FOLLOW_LINKS);
      Files.walkFileTree(base, followLinks, MAX_DEPTH, walk);
    } catch (IOException e) {
      walk.fail(e.toString());
    }
    return walk.result();
  }

  /** Only these files, which all lie directly in {@code base}. */
  static VersionFiles of(Path base, List<Path> paths) {
    VersionWalk walk = new VersionWalk(base, name -> false);
    for (Path path : paths) {
      try {
        walk.visitFile(path, Files.readAttributes(path, BasicFileAttributes.class));
      } catch (IOException e) {
        walk.visitFileFailed(path, e);
      }
    }
    return walk.result();
  }

  static String tooMany() {
    return "more than " + MAX_FILES + " files (expected those of one model)";
  }

  private VersionFiles result() {
    Comparator<FoundFile> byName = Comparator.comparing(FoundFile::relativeName);
    files.sort(byName);
    arriving.sort(byName);
    return new VersionFiles(base, List.copyOf(files), List.copyOf(arriving), newestMillis, problem);
  }

  @Override
  public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
    if (!folder.equals(base) && (isExcluded(folder) || Names.isIgnored(nameOf(folder)))) {
      return FileVisitResult.SKIP_SUBTREE;
    }
    // A file moved in with its old time changes the folder's time: it counts as a change as well.
    newestMillis = Math.max(newestMillis, attributes.lastModifiedTime().toMillis());
    return FileVisitResult.CONTINUE;
  }

  @Override
  public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
    if (isExcluded(path)) {
      return FileVisitResult.CONTINUE;
    }
    if (files.size() + arriving.size() >= MAX_FILES) {
      return fail(tooMany());
    }
    String relativeName = relativeName(path);
    if (attributes.isDirectory()) {
      // walkFileTree hands over folders as files once it has reached its depth
      return fail(relativeName + ": more than " + MAX_DEPTH + " folders deep");
    }
    if (attributes.isSymbolicLink() && !Names.isIgnored(nameOf(path))) {
      return fail(relativeName + ": symbolic link to nothing"); // any other has been followed
    }
    newestMillis = Math.max(newestMillis, attributes.lastModifiedTime().toMillis());
    FoundFile file = FoundFile.of(relativeName, path, attributes);
    if (Names.isIgnored(nameOf(path))) {
      arriving.add(file);
    } else if (!attributes.isRegularFile()) {
      return fail(relativeName + ": neither file nor folder"); // reading a pipe would never end
    } else {
      files.add(file);
    }
    return FileVisitResult.CONTINUE;
  }

  @Override
  public FileVisitResult visitFileFailed(Path path, IOException e) {
    if (isExcluded(path) || Names.isIgnored(nameOf(path))) {
      return FileVisitResult.CONTINUE;
    }
    String relativeName = relativeName(path);
    if (e instanceof FileSystemLoopException) {
      return fail(relativeName + ": symbolic link to a folder that holds it");
    }
    if (e instanceof NoSuchFileException && !Files.isSymbolicLink(path)) {
      return FileVisitResult.CONTINUE; // deleted since the folder was read
    }
    return fail(relativeName + ": cannot be read: " + e);
  }

  @Override
  public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) {
    return e == null ? FileVisitResult.CONTINUE : fail(nameOf(folder) + ": cannot be read: " + e);
  }

  private FileVisitResult fail(String reason) {
    problem = Optional.of(reason);
    return FileVisitResult.TERMINATE;
  }

  private boolean isExcluded(Path path) {
    return base.equals(path.getParent()) && excludedAtTop.test(nameOf(path));
  }

  private String relativeName(Path path) {
    return path.equals(base) ? nameOf(path) : base.relativize(path).toString();
  }

  private static String nameOf(Path path) {
    return String.valueOf(path.getFileName());
  }
}
