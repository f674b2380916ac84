// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
final class OrtLibrariesTest {
  private final JniLibrary jar = JarNatives.jni();
  private final String version = jar.ortVersion();

  @TempDir Path folder;

  @Test
  void takesADirectoryWithBothLibrariesAsItIs() throws Exception {
    Path runtime = JarNatives.write(folder.resolve("libonnxruntime.so"), JarNatives.runtime());
    JarNatives.write(folder.resolve("libonnxruntime4j_jni.so"), jar.content());

    OrtLibraries libraries = OrtLibraries.check(folder, jar);

    assertThat(libraries.runtime()).isEqualTo(runtime);
    assertThat(libraries.isComplete()).isTrue();
  }

  @Test
  void takesOneThatNamesItsVersionAndLacksTheJvmsLibrary() throws Exception {
    Path runtime =
        JarNatives.write(folder.resolve("libonnxruntime.so." + version), JarNatives.runtime());

    OrtLibraries libraries = OrtLibraries.check(folder, jar);

    assertThat(libraries.runtime()).isEqualTo(runtime);
    assertThat(libraries.isComplete()).isFalse();
  }

  @Test
  void addsWhatIsMissingUnderTheNamesThatAreLookedFor() throws Exception {
    JarNatives.write(folder.resolve("libonnxruntime.so." + version), JarNatives.runtime());

    OrtLibraries.check(folder, jar).addMissing(jar, folder);

    assertThat(OrtLibraries.check(folder, jar).isComplete()).isTrue();
    assertThat(folder.resolve("libonnxruntime4j_jni.so")).hasBinaryContent(jar.content());
    assertThat(Files.readSymbolicLink(folder.resolve("libonnxruntime.so.1")))
        .isEqualTo(Path.of("libonnxruntime.so." + version));
  }

  @Test
  void saysBothVersionsWhereTheyDiffer() throws IOException {
    Path runtime =
        JarNatives.write(
            folder.resolve("libonnxruntime.so"),
            JarNatives.ofVersion(JarNatives.runtime(), "1.31.0"));

    assertThatThrownBy(() -> OrtLibraries.check(folder, jar))
        .isInstanceOf(NativesException.class)
        .hasMessage(
            "%s is ONNX Runtime 1.31.0 (expected %s for %s, the version of the jar)",
            runtime, version, jar.machine());
  }

  @Test
  void believesTheLibraryAndNotItsName() throws IOException {
    JarNatives.write(
        folder.resolve("libonnxruntime.so." + version),
        JarNatives.ofVersion(JarNatives.runtime(), "1.31.0"));

    assertThatThrownBy(() -> OrtLibraries.check(folder, jar))
        .hasMessageContaining("is ONNX Runtime 1.31.0 (expected " + version);
  }

  @Test
  void findsTheRightOneAmongSeveral() throws Exception {
    JarNatives.write(
        folder.resolve("libonnxruntime.so"), JarNatives.ofVersion(JarNatives.runtime(), "1.31.0"));
    Path right =
        JarNatives.write(folder.resolve("libonnxruntime.so." + version), JarNatives.runtime());

    assertThat(OrtLibraries.check(folder, jar).runtime()).isEqualTo(right);
  }

  @Test
  void saysForWhichProcessorALibraryIs() throws IOException {
    int other = jar.machine() == ElfFile.Machine.X86_64 ? 183 : 62;
    Path runtime =
        JarNatives.write(
            folder.resolve("libonnxruntime.so"),
            JarNatives.forMachine(JarNatives.runtime(), other));

    assertThatThrownBy(() -> OrtLibraries.check(folder, jar))
        .hasMessage(
            "%s is for %s (expected %s for %s, the version of the jar)",
            runtime, ElfFile.Machine.of(other), version, jar.machine());
  }

  @Test
  void refusesABuildThatLacksWhatTheJarCalls() throws IOException {
    Path runtime =
        JarNatives.write(
            folder.resolve("libonnxruntime.so"),
            JarNatives.renaming(JarNatives.runtime(), "OrtGetApiBase", "OrtGotApiBase"));

    assertThatThrownBy(() -> OrtLibraries.check(folder, jar))
        .hasMessage(
            "%s lacks OrtGetApiBase, which libonnxruntime4j_jni.so calls (expected a build for the"
                + " same kinds of devices)",
            runtime);
  }

  @Test
  void refusesAJvmsLibraryOfAnotherVersion() throws IOException {
    JarNatives.write(folder.resolve("libonnxruntime.so"), JarNatives.runtime());
    Path jni =
        JarNatives.write(
            folder.resolve("libonnxruntime4j_jni.so"),
            JarNatives.ofVersion(jar.content(), "1.31.0"));

    assertThatThrownBy(() -> OrtLibraries.check(folder, jar))
        .hasMessageStartingWith(jni + " is for ONNX Runtime 1.31.0 (expected " + version);
  }

  @Test
  void saysWhatIsMissing() {
    assertThatThrownBy(() -> OrtLibraries.check(folder, jar))
        .hasMessage(
            "%s holds no libonnxruntime.so (expected it, or libonnxruntime.so.%s)",
            folder.toAbsolutePath(), version);
    assertThatThrownBy(() -> OrtLibraries.check(folder.resolve("nowhere"), jar))
        .hasMessage(
            "%s (expected a directory with libonnxruntime.so)",
            folder.resolve("nowhere").toAbsolutePath());
  }
}
