// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The folder {@code warmup}: requests that a version is to be run with before it serves. A version
 * that has one of its own does without the model's.
 *
 * @param files with names below that folder
 */
record WarmUpFiles(List<FoundFile> files) {
  static final String FOLDER = "warmup";
  static final WarmUpFiles NONE = new WarmUpFiles(List.of());

  private static final String PREFIX = FOLDER + "/";

  static boolean contains(FoundFile fileOfAVersion) {
    return isOne(fileOfAVersion.relativeName());
  }

  /**
   * @param name in a version
   */
  static boolean isOne(String name) {
    return name.startsWith(PREFIX);
  }

  /** The version's own, if it has any. */
  WarmUpFiles orOwnOf(VersionFiles version) {
    List<FoundFile> own =
        version.files().stream()
            .filter(WarmUpFiles::contains)
            .map(file -> file.named(file.relativeName().substring(PREFIX.length())))
            .toList();
    return own.isEmpty() ? this : new WarmUpFiles(own);
  }

  /** When one of them last changed, as far as times on files tell. */
  long newestMillis() {
    return files.stream()
        .mapToLong(file -> TimeUnit.NANOSECONDS.toMillis(file.mtimeNanos()))
        .max()
        .orElse(Long.MIN_VALUE);
  }

  SortedMap<String, Path> byName() {
    SortedMap<String, Path> paths = new TreeMap<>();
    files.forEach(file -> paths.put(file.relativeName(), file.path()));
    return paths;
  }
}
