// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
final class SystemLibrariesTest {
  private static final String PROVIDER = "libonnxruntime_providers_cuda.so";

  @TempDir Path folder;
  private final LibrarySearch nothing = new LibrarySearch(List.of(), Map.of());

  /** A library that needs another than the JVM's own does, by a name of at most 19 letters. */
  private static byte[] needing(String library) {
    String own = "libonnxruntime.so.1";
    return new String(JarNatives.jni().content(), ISO_8859_1)
        .replace(own, library + "\0".repeat(own.length() - library.length()))
        .getBytes(ISO_8859_1);
  }

  @Test
  void saysWhatIsMissingAndWhatForSomeModels() throws IOException {
    JarNatives.write(folder.resolve(PROVIDER), needing("libcudart.so.13"));

    assertThat(new SystemLibraries(nothing).of(folder))
        .containsExactly(
            need("libcudart.so.13", false, Optional.empty()),
            need("libcudnn.so.9", true, Optional.empty()),
            need("libcufft.so.12", true, Optional.empty()),
            need("libnvrtc.so.13", true, Optional.empty()));
  }

  private static SystemLibraries.Need need(String library, boolean isLate, Optional<Path> found) {
    return new SystemLibraries.Need(library, List.of(PROVIDER), isLate, found);
  }

  @Test
  void saysWhereWhatIsThereWasFound() throws IOException {
    JarNatives.write(folder.resolve("natives").resolve(PROVIDER), needing("libcublas.so.13"));
    Path searched = Files.createDirectories(folder.resolve("searched"));
    Path library = Files.createFile(searched.resolve("libcublas.so.13"));
    LibrarySearch search = new LibrarySearch(List.of(searched), Map.of());

    assertThat(new SystemLibraries(search).of(folder.resolve("natives")))
        .containsExactly(need("libcublas.so.13", false, Optional.of(library)));
    assertThat(new SystemLibraries(search).missing(folder.resolve("natives").resolve(PROVIDER)))
        .isEmpty();
  }

  @Test
  void whatLiesInTheDirectoryIsNotNeededOfTheMachine() throws IOException {
    JarNatives.write(folder.resolve(JniLibrary.FILE_NAME), JarNatives.jni().content());
    JarNatives.write(folder.resolve("libonnxruntime.so.1"), JarNatives.runtime());

    assertThat(new SystemLibraries(nothing).of(folder)).isEmpty();
  }

  @Test
  void theCacheIsNotBelievedWhereTheFileIsGone() {
    LibrarySearch search =
        new LibrarySearch(List.of(), Map.of("libcuda.so.1", folder.resolve("libcuda.so.1")));

    assertThat(search.find("libcuda.so.1")).isEmpty();
  }

  @Test
  void aRunPathMayBeRelativeToTheLibrary() throws IOException {
    Path sibling = Files.createDirectories(folder.resolve("nvidia/lib"));
    Path library = Files.createFile(sibling.resolve("libcudart.so.13"));

    assertThat(nothing.find("libcudart.so.13", List.of("$ORIGIN/nvidia/lib"), folder))
        .contains(library);
  }
}
