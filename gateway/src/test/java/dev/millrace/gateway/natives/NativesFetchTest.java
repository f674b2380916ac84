// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.natives.JarNatives;
import dev.millrace.backends.natives.JniLibrary;
import dev.millrace.backends.natives.NativesException;
import dev.millrace.backends.natives.OrtLibraries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
final class NativesFetchTest {
  private static final String FOLDER = "onnxruntime/capi/";

  private final JniLibrary jar = JarNatives.jni();
  private final List<String> said = new ArrayList<>();
  private final String runtime = "libonnxruntime.so." + jar.ortVersion();

  @TempDir Path folder;
  private int fetches;

  /** A wheel of the right names. */
  private ArchiveClient wheelWith(byte[] runtimeBytes) {
    return (source, version, platform, target) -> {
      fetches++;
      try (ZipOutputStream zip =
          new ZipOutputStream(Files.newOutputStream(target.resolve("some.whl")))) {
        zip.setLevel(Deflater.NO_COMPRESSION);
        add(zip, FOLDER + runtime, runtimeBytes);
        add(zip, FOLDER + "libonnxruntime_providers_shared.so", new byte[] {1});
        add(zip, FOLDER + "onnxruntime_pybind11_state.cpython-312.so", new byte[] {2});
        add(zip, "onnxruntime/__init__.py", new byte[] {3});
        add(zip, FOLDER + "../../libevil.so", new byte[] {4});
      }
    };
  }

  private static void add(ZipOutputStream zip, String name, byte[] content) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(content);
    zip.closeEntry();
  }

  private OrtLibraries fetch(ArchiveClient client, Path target) throws Exception {
    return new NativesFetch(client, jar, said::add).fetch(NativesSource.CUDA13, target);
  }

  private static List<String> names(Path folder) throws IOException {
    try (var entries = Files.list(folder)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void takesTheLibrariesAloneAndAddsTheJarsOwn() throws Exception {
    Path target = folder.resolve("cuda13");

    OrtLibraries libraries = fetch(wheelWith(JarNatives.runtime()), target);

    assertThat(names(target))
        .containsExactly(
            "libonnxruntime.so",
            "libonnxruntime.so.1",
            runtime,
            "libonnxruntime4j_jni.so",
            "libonnxruntime_providers_shared.so",
            "millrace-natives.txt");
    assertThat(libraries.runtime()).isEqualTo(target.resolve("libonnxruntime.so"));
    assertThat(names(folder)).containsExactly("cuda13");
  }

  @Test
  void fetchesNothingWhereItIsThereAlready() throws Exception {
    Path target = folder.resolve("cuda13");
    fetch(wheelWith(JarNatives.runtime()), target);

    fetch(wheelWith(JarNatives.runtime()), target);

    assertThat(fetches).isEqualTo(1);
    assertThat(said).last().isEqualTo(target + " is there already");
  }

  @Test
  void makesWhatIsDamagedAnew() throws Exception {
    Path target = folder.resolve("cuda13");
    fetch(wheelWith(JarNatives.runtime()), target);
    Files.write(target.resolve("libonnxruntime_providers_shared.so"), new byte[100]);

    fetch(wheelWith(JarNatives.runtime()), target);

    assertThat(target.resolve("libonnxruntime_providers_shared.so"))
        .hasBinaryContent(new byte[] {1});
    assertThat(names(folder)).containsExactly("cuda13");
  }

  @Test
  void doesNotFetchAnArchiveTwiceThatCouldNotBeUnpackedForWantOfSpaceSay() throws Exception {
    Path target = folder.resolve("cuda13");
    fetch(wheelWith(JarNatives.runtime()), folder.resolve("other"));
    // as if it had been ended after the archive had arrived
    Path archive = Files.createDirectories(folder.resolve("cuda13.fetching/archive"));
    wheelWith(JarNatives.runtime()).fetch(NativesSource.CUDA13, "", "", archive);
    Files.createDirectories(folder.resolve("cuda13.fetching/draft/half"));
    fetches = 0;

    fetch(wheelWith(JarNatives.runtime()), target);

    assertThat(fetches).isZero();
    assertThat(target.resolve(runtime)).isRegularFile();
  }

  @Test
  void leavesWhatWasThereIfTheNewOneIsOfAnotherVersion() throws Exception {
    Path target = folder.resolve("cuda13");
    fetch(wheelWith(JarNatives.runtime()), target);
    Files.delete(target.resolve("libonnxruntime_providers_shared.so"));
    byte[] other = JarNatives.ofVersion(JarNatives.runtime(), "1.31.0");

    assertThatThrownBy(() -> fetch(wheelWith(other), target))
        .isInstanceOf(NativesException.class)
        .hasMessageContaining("is ONNX Runtime 1.31.0 (expected " + jar.ortVersion());

    assertThat(target.resolve(runtime)).isRegularFile();
  }

  @Test
  void leavesNothingBehindWhereThereIsNoSuchBuild() throws Exception {
    ArchiveClient none =
        (source, version, platform, target) -> {
          throw new NativesException("there is none");
        };

    assertThatThrownBy(() -> fetch(none, folder.resolve("openvino"))).hasMessage("there is none");

    assertThat(names(folder)).isEmpty();
  }

  @Test
  void leavesAFolderOfSomebodyElseAlone() throws Exception {
    Path target = Files.createDirectories(folder.resolve("mine"));
    Files.writeString(target.resolve("thesis.txt"), "");

    assertThatThrownBy(() -> fetch(wheelWith(JarNatives.runtime()), target))
        .hasMessage("%s holds something else (expected a new or an empty folder)", target);
    assertThat(fetches).isZero();
  }

  @Test
  void namesTheBuildThatWasMeant() {
    assertThatThrownBy(() -> NativesSource.named("cuda31"))
        .hasMessage("natives 'cuda31' (did you mean 'cuda13'?)");
    assertThatThrownBy(() -> NativesSource.named("rocm"))
        .hasMessage("natives 'rocm' (expected cpu, cuda12, cuda13, openvino)");
  }

  @Test
  void saysWhichVersionsThereAre() {
    String pip =
        """
        Looking in links: /opt/wheels
        ERROR: Could not find a version that satisfies the requirement onnxruntime-openvino==1.29.0 (from versions: 1.23.0, 1.24.1)
        ERROR: No matching distribution found for onnxruntime-openvino==1.29.0
        """;

    assertThat(RegistryClients.refusal("onnxruntime-openvino==1.29.0", "linux-x64", pip))
        .hasMessage(
            "there is no onnxruntime-openvino==1.29.0 for linux-x64 (there are 1.23.0, 1.24.1); it"
                + " has to be the version of the jar");
    assertThat(RegistryClients.refusal("x==1", "linux-x64", "ERROR: no network\nmore\n"))
        .hasMessage("x==1 cannot be had: ERROR: no network");
  }
}
