// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A directory that holds a build of ONNX Runtime's native libraries which goes with the jar.
 *
 * @param directory as it was given
 * @param runtime the runtime itself in it
 * @param jni its library for the JVM; empty where the jar's is to be taken
 */
public record OrtLibraries(Path directory, Path runtime, Optional<Path> jni) {
  static final String RUNTIME_FILE = "libonnxruntime.so";
  private static final Pattern RUNTIME_FILES =
      Pattern.compile("libonnxruntime\\.so(\\.\\d+(\\.\\d+)*)?");

  /**
   * Looks whether the directory's libraries can be loaded in place of the jar's.
   *
   * @throws NativesException if they cannot: the library that is missing, or both versions
   */
  public static OrtLibraries check(Path directory, JniLibrary jar) throws NativesException {
    Path folder = directory.toAbsolutePath().normalize();
    if (!Files.isDirectory(folder)) {
      throw new NativesException(folder + " (expected a directory with " + RUNTIME_FILE + ")");
    }
    try {
      Path runtime = runtime(folder, jar);
      Optional<Path> jni = jni(folder, jar);
      requireSymbols(runtime, jni.isPresent() ? ElfFile.read(jni.get()) : jar.elf());
      return new OrtLibraries(folder, runtime, jni);
    } catch (IOException e) {
      throw new NativesException(String.valueOf(e.getMessage()), e);
    }
  }

  /** The runtime of the jar's version; names tell nothing, and links may lead anywhere. */
  private static Path runtime(Path folder, JniLibrary jar) throws IOException, NativesException {
    List<String> others = new ArrayList<>();
    for (Path file : runtimeFiles(folder)) {
      ElfFile elf = ElfFile.read(file);
      if (elf.machine() != jar.machine()) {
        others.add("%s is for %s".formatted(file, elf.machine()));
        continue;
      }
      String version = JniLibrary.providedOrt(elf).orElse("an unknown version");
      if (version.equals(jar.ortVersion())) {
        return file;
      }
      others.add("%s is ONNX Runtime %s".formatted(file, version));
    }
    if (others.isEmpty()) {
      throw new NativesException(
          "%s holds no %s (expected it, or %s.%s)"
              .formatted(folder, RUNTIME_FILE, RUNTIME_FILE, jar.ortVersion()));
    }
    throw new NativesException(
        "%s (expected %s for %s, the version of the jar)"
            .formatted(others.getFirst(), jar.ortVersion(), jar.machine()));
  }

  /** The shortest name first, which is the one that is loaded. */
  private static List<Path> runtimeFiles(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> RUNTIME_FILES.matcher(file.getFileName().toString()).matches())
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    }
  }

  private static Optional<Path> jni(Path folder, JniLibrary jar)
      throws IOException, NativesException {
    Path file = folder.resolve(JniLibrary.FILE_NAME);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    String wanted = JniLibrary.requiredOrt(ElfFile.read(file)).orElse("an unknown version");
    if (!wanted.equals(jar.ortVersion())) {
      throw new NativesException(
          "%s is for ONNX Runtime %s (expected %s, the version of the jar; without the file, the"
                  .formatted(file, wanted, jar.ortVersion())
              + " jar's own is taken)");
    }
    return Optional.of(file);
  }

  /** The same version is not enough: the jar for GPUs calls what a build for processors lacks. */
  private static void requireSymbols(Path runtime, ElfFile jni)
      throws IOException, NativesException {
    List<String> missing = JniLibrary.missingIn(ElfFile.read(runtime), jni);
    if (!missing.isEmpty()) {
      throw new NativesException(
          "%s lacks %s, which %s calls (expected a build for the same kinds of devices)"
              .formatted(runtime, String.join(", ", missing), JniLibrary.FILE_NAME));
    }
  }

  /** Whether ONNX Runtime's Java code can load the directory as it is. */
  boolean isComplete() {
    return jni.isPresent() && runtime.getFileName().toString().equals(RUNTIME_FILE);
  }

  /**
   * Adds the jar's part and the names under which the runtime is looked for.
   *
   * @param folder with these libraries, or links to them
   */
  public void addMissing(JniLibrary jar, Path folder) throws IOException {
    if (jni.isEmpty()) {
      Files.write(folder.resolve(JniLibrary.FILE_NAME), jar.content());
    }
    Path target = runtime.getFileName();
    for (String name : List.of(RUNTIME_FILE, JniLibrary.RUNTIME_NAME)) {
      if (!Path.of(name).equals(target)) {
        Files.deleteIfExists(folder.resolve(name));
        Files.createSymbolicLink(folder.resolve(name), target);
      }
    }
  }
}
