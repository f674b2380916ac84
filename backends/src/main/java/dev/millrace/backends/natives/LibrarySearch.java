// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where the dynamic linker of this machine would find a library, without loading it: that may take
 * a gigabyte, and start a driver.
 */
public final class LibrarySearch {
  private static final Path CACHE = Path.of("/etc/ld.so.cache");

  private final List<Path> folders;
  private final Map<String, Path> cached;

  /**
   * @param folders looked through before the cache
   * @param cached of the linker: paths by name
   */
  LibrarySearch(List<Path> folders, Map<String, Path> cached) {
    this.folders = List.copyOf(folders);
    this.cached = Map.copyOf(cached);
  }

  /** As this process would: {@code LD_LIBRARY_PATH}, the linker's cache, and the usual folders. */
  public static LibrarySearch ofThisProcess() {
    // of the JVM, which puts LD_LIBRARY_PATH before folders that the linker knows as well
    String searched = System.getProperty("java.library.path", "");
    List<Path> folders =
        new ArrayList<>(
            Arrays.stream(searched.split(File.pathSeparator, -1))
                .flatMap(folder -> path(folder).stream())
                .toList());
    return new LibrarySearch(folders, cache());
  }

  private static Optional<Path> path(String folder) {
    try {
      return folder.isBlank() ? Optional.empty() : Optional.of(Path.of(folder));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static Map<String, Path> cache() {
    try {
      return LinkerCache.parse(Files.readAllBytes(CACHE), ElfFile.Machine.ofThisJvm());
    } catch (IOException e) {
      return Map.of(); // a system without it has the usual folders
    }
  }

  /**
   * Looks for a library.
   *
   * @param runPath of the library that needs it
   * @param origin the folder of that library
   */
  public Optional<Path> find(String library, List<String> runPath, Path origin) {
    for (String folder : runPath) {
      Optional<Path> found =
          path(folder.replace("$ORIGIN", origin.toString()).replace("${ORIGIN}", origin.toString()))
              .flatMap(where -> in(where, library));
      if (found.isPresent()) {
        return found;
      }
    }
    return find(library);
  }

  /** Looks for a library that nothing but its name is known of. */
  public Optional<Path> find(String library) {
    for (Path folder : folders) {
      Optional<Path> found = in(folder, library);
      if (found.isPresent()) {
        return found;
      }
    }
    // the cache may be older than what it says
    return Optional.ofNullable(cached.get(library)).filter(Files::isRegularFile);
  }

  private static Optional<Path> in(Path folder, String library) {
    Path file = folder.resolve(library);
    return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }
}
