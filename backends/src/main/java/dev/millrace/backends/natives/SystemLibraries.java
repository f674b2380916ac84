// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the libraries of a directory need of the machine. */
public final class SystemLibraries {
  private static final Pattern CUDA_RUNTIME = Pattern.compile("libcudart\\.so\\.(\\d+)");

  /** Every Linux with glibc has them. */
  private static final Pattern BASIC =
      Pattern.compile("(lib(c|dl|m|rt|pthread|stdc\\+\\+|gcc_s)|ld-linux-.*)\\.so\\.\\d+");

  private final LibrarySearch search;

  public SystemLibraries(LibrarySearch search) {
    this.search = search;
  }

  /**
   * A library that is needed.
   *
   * @param neededBy files in the directory
   * @param isLate whether it is loaded only when a model needs it
   * @param found where it is on this machine
   */
  public record Need(String library, List<String> neededBy, boolean isLate, Optional<Path> found) {}

  /**
   * Lists what is needed of the machine, but for what every Linux has, in the order of names.
   *
   * @throws IOException if a file cannot be read
   */
  public List<Need> of(Path directory) throws IOException {
    Map<String, Need> needs = new TreeMap<>();
    for (Path file : libraries(directory)) {
      ElfFile elf = ElfFile.read(file);
      for (String library : elf.needed()) {
        if (!BASIC.matcher(library).matches() && !Files.exists(directory.resolve(library))) {
          add(needs, need(library, file, elf, false));
        }
        for (String late : loadedLater(library)) {
          add(needs, need(late, file, elf, true));
        }
      }
    }
    return List.copyOf(needs.values());
  }

  /** What one library lacks on this machine. */
  public List<String> missing(Path file) throws IOException {
    ElfFile elf = ElfFile.read(file);
    return elf.needed().stream()
        .filter(library -> !BASIC.matcher(library).matches())
        .filter(library -> search.find(library, elf.runPath(), folder(file)).isEmpty())
        .toList();
  }

  private static List<Path> libraries(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> !Files.isSymbolicLink(file) && Files.isRegularFile(file))
          .filter(file -> file.getFileName().toString().contains(".so"))
          .sorted()
          .toList();
    }
  }

  private Need need(String library, Path file, ElfFile elf, boolean isLate) {
    return new Need(
        library,
        List.of(String.valueOf(file.getFileName())),
        isLate,
        search.find(library, elf.runPath(), folder(file)));
  }

  private static Path folder(Path file) {
    return Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file.toAbsolutePath());
  }

  private static void add(Map<String, Need> needs, Need need) {
    needs.merge(
        need.library,
        need,
        (a, b) -> {
          List<String> both = new ArrayList<>(a.neededBy);
          both.addAll(b.neededBy);
          return new Need(
              a.library,
              both.stream().distinct().toList(),
              a.isLate && b.isLate,
              a.found.or(b::found));
        });
  }

  /**
   * What is opened by name where a model needs it: cuDNN for convolutions, cuFFT for Fourier
   * transforms. No header says so.
   */
  private static List<String> loadedLater(String library) {
    Matcher runtime = CUDA_RUNTIME.matcher(library);
    if (!runtime.matches()) {
      return List.of();
    }
    int cuda = Integer.parseInt(runtime.group(1));
    return List.of("libcudnn.so.9", "libcufft.so." + (cuda - 1), "libnvrtc.so." + cuda);
  }
}
