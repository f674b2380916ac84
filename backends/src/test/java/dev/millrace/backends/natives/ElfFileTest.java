// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.natives;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
final class ElfFileTest {
  @TempDir Path folder;

  @Test
  void readsWhatTheJvmsLibraryAsksOfTheRuntime() {
    ElfFile jni = ElfFile.parse(ByteBuffer.wrap(JarNatives.jni().content()));

    assertThat(jni.machine()).isEqualTo(ElfFile.Machine.ofThisJvm());
    assertThat(jni.needed()).contains("libonnxruntime.so.1", "libc.so.6");
    assertThat(jni.requiredVersions())
        .containsEntry("libonnxruntime.so.1", Set.of("VERS_" + JarNatives.jni().ortVersion()));
    assertThat(jni.undefined()).contains("OrtGetApiBase");
    assertThat(jni.defined()).contains("JNI_OnLoad").doesNotContain("OrtGetApiBase");
  }

  @Test
  void readsWhatTheRuntimeIs() throws IOException {
    Path file = JarNatives.write(folder.resolve("libonnxruntime.so"), JarNatives.runtime());

    ElfFile runtime = ElfFile.read(file);

    assertThat(runtime.soName()).contains("libonnxruntime.so.1");
    assertThat(runtime.needed()).contains("libstdc++.so.6");
    assertThat(runtime.runPath()).containsExactly("$ORIGIN");
    assertThat(runtime.definedVersions()).containsExactly("VERS_" + JarNatives.jni().ortVersion());
  }

  @Test
  void refusesWhatIsNoLibrary() throws IOException {
    Path file = Files.writeString(folder.resolve("libx.so"), "not a library", UTF_8);

    assertThatThrownBy(() -> ElfFile.read(file))
        .isInstanceOf(IOException.class)
        .hasMessage(file + ": no shared library for 64-bit Linux");
  }

  @Test
  void refusesWhatIsCutShort() throws IOException {
    byte[] whole = JarNatives.jni().content();
    for (int length = 0; length < whole.length; length += 997) {
      Path file = Files.write(folder.resolve("libx.so"), Arrays.copyOf(whole, length));
      try {
        ElfFile.read(file);
      } catch (IOException e) {
        assertThat(e).hasMessageStartingWith(file.toString());
      }
    }
  }

  @Test
  void survivesDamage() throws IOException {
    Random random = new Random(7);
    for (int i = 0; i < 300; i++) {
      byte[] damaged = JarNatives.jni().content();
      for (int j = 0; j < 200; j++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      damaged[0] = 0x7f;
      Path file = Files.write(folder.resolve("libx.so"), damaged);
      try {
        assertThat(ElfFile.read(file).needed()).isNotNull();
      } catch (IOException e) {
        assertThat(e).hasMessageStartingWith(file.toString());
      }
    }
  }
}
