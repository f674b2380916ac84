// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is there of pushes when a registry is opened. */
final class LeftBehindTest {
  private static final List<RegisteredFile> FILES =
      List.of(new RegisteredFile("model.onnx", 2, ""));

  @TempDir private Path folder;

  private LocalRegistry open() throws IOException {
    return new LocalRegistry(
        folder.resolve("registry"),
        folder.resolve("staging"),
        Map.of("onnx", "model.onnx"),
        InstantSource.system());
  }

  private List<String> hidden() throws IOException {
    try (Stream<Path> children = Files.list(folder.resolve("registry"))) {
      return children
          .map(child -> child.getFileName().toString())
          .filter(name -> name.startsWith(".incoming-"))
          .toList();
    }
  }

  @Test
  void aPushOfAProcessThatHasDiedIsDeleted() throws Exception {
    open().close();
    Path left = folder.resolve("registry/.incoming-5d1f");
    Files.createDirectories(left.resolve("sub"));
    Files.writeString(left.resolve("sub/model.onnx"), "half of");
    // a kill between the version's rename and the end
    Files.writeString(folder.resolve("registry/.incoming-77aa.lock"), "");

    open().close();

    assertThat(hidden()).isEmpty();
  }

  @Test
  void aPushThatIsUnderWayIsLeftAlone() throws Exception {
    try (LocalRegistry registry = open();
        Upload upload = registry.begin("fraud", 0, FILES)) {
      upload.write(ByteBuffer.wrap(new byte[] {1}));

      open().close();

      assertThat(upload.files()).isDirectoryContaining("glob:**model.onnx");
      upload.write(ByteBuffer.wrap(new byte[] {2}));
      upload.commit(Map.of(), "", List.of(), List.of(), "somebody");
      assertThat(registry.model("fraud").versions()).hasSize(1);
    }
    assertThat(hidden()).isEmpty();
  }

  @Test
  void aPushThatIsGivenUpLeavesNothing() throws Exception {
    try (LocalRegistry registry = open()) {
      registry.begin("fraud", 0, FILES).close();

      assertThat(hidden()).isEmpty();
    }
  }
}
