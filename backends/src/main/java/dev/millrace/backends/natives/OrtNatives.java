// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Has this process load ONNX Runtime from a directory in place of the jar.
 *
 * <p>ONNX Runtime's Java code reads a system property when it is first used, and no later: so this
 * comes before anything that touches it.
 */
public final class OrtNatives {
  /** What ONNX Runtime's Java code reads. */
  static final String PROPERTY = "onnxruntime.native.path";

  private static final Path MAPPED_FILES = Path.of("/proc/self/maps");

  private static final Pattern EXECUTABLE = Pattern.compile("^\\S+ ..x");

  private OrtNatives() {}

  /**
   * Checks the directory and has it used. What is missing in it of the jar's own is put beside
   * links to what is there, in a folder for temporary files that goes when the process ends.
   *
   * @throws NativesException if it cannot be used, or ONNX Runtime was loaded from elsewhere
   *     already
   */
  public static OrtLibraries use(Path directory) throws NativesException {
    JniLibrary jar = JniLibrary.ofThisBuild();
    OrtLibraries libraries = OrtLibraries.check(directory, jar);
    try {
      Optional<Path> loaded = loadedRuntime();
      if (loaded.isPresent()) {
        requireSame(loaded.get(), libraries);
        return libraries;
      }
      Path folder = libraries.isComplete() ? libraries.directory() : complete(libraries, jar);
      System.setProperty(PROPERTY, folder.toString());
      return libraries;
    } catch (IOException e) {
      throw new NativesException("cannot prepare " + libraries.directory() + ": " + e, e);
    }
  }

  private static void requireSame(Path loaded, OrtLibraries libraries)
      throws IOException, NativesException {
    if (!loaded.equals(libraries.runtime().toRealPath())) {
      throw new NativesException(
          "%s: this process has loaded %s already, and loads no other"
              .formatted(libraries.runtime(), loaded));
    }
  }

  /** The runtime that is in this process's memory. */
  private static Optional<Path> loadedRuntime() throws IOException {
    if (!Files.isReadable(MAPPED_FILES)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(MAPPED_FILES)) {
      return lines
          // what can be executed was loaded, and not only read
          .filter(line -> EXECUTABLE.matcher(line).find())
          .filter(line -> line.contains("/" + OrtLibraries.RUNTIME_FILE))
          .map(line -> Path.of(line.substring(line.indexOf('/'))))
          .findFirst();
    }
  }

  private static Path complete(OrtLibraries libraries, JniLibrary jar) throws IOException {
    Path folder = Files.createTempDirectory("millrace-natives");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder), "natives-cleanup"));
    link(libraries, folder);
    libraries.addMissing(jar, folder);
    return folder;
  }

  /** Engines look for their further libraries beside the one that was loaded. */
  private static void link(OrtLibraries libraries, Path folder) throws IOException {
    try (Stream<Path> files = Files.list(libraries.directory())) {
      for (Path file : files.toList()) {
        Files.createSymbolicLink(folder.resolve(file.getFileName()), file);
      }
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      // the process ends; what is left are links and 90 KB
    }
  }
}
