// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.storage.DurableFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LeftStagingTest {
  private static final long OWN = 7;
  private static final long LIVING = 8;
  private static final long DEAD = 9;

  @TempDir private Path temporary;

  private Path staging(long pid) throws IOException {
    Path folder = temporary.resolve(LeftStaging.nameOf(pid));
    write(folder.resolve("repository-0").resolve(Staging.MARKER));
    write(folder.resolve("repository-0/m/1-0/model.onnx"));
    Files.createDirectories(folder.resolve("registry"));
    write(folder.resolve("cache").resolve(DurableFiles.LOCK));
    write(folder.resolve("cache/blobs/ab/abcd"));
    return folder;
  }

  private static void write(Path file) throws IOException {
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, "x");
  }

  private void clean() {
    LeftStaging.deleteBeside(
        temporary.resolve(LeftStaging.nameOf(OWN)), pid -> pid == OWN || pid == LIVING);
  }

  @Test
  void whatADeadProcessLeftIsDeleted() throws IOException {
    Path own = staging(OWN);
    Path living = staging(LIVING);
    Path dead = staging(DEAD);

    clean();

    assertThat(dead).doesNotExist();
    assertThat(own).exists();
    assertThat(living).exists();
  }

  @Test
  void whatIsLockedIsInUseWhateverItsNumber() throws IOException {
    Path dead = staging(DEAD);

    try (FileChannel held = DurableFiles.lock(dead.resolve("cache"))) {
      clean();

      assertThat(held.isOpen()).isTrue();
      assertThat(dead.resolve("cache/blobs/ab/abcd")).exists();
    }
  }

  @Test
  void whatIsOnlyNamedAsOneIsNotTouched() throws IOException {
    Path somebodys = temporary.resolve("millrace-2024");
    write(somebodys.resolve("report.txt"));
    Path models = temporary.resolve("millrace-10");
    write(models.resolve("cache/model.onnx")); // no lock: no cache of ours
    Path elsewhere = Files.createDirectories(temporary.resolve("elsewhere/cache"));
    Path link =
        Files.createSymbolicLink(temporary.resolve("millrace-11"), elsewhere.resolveSibling("."));
    Path other = Files.createDirectory(temporary.resolve("millrace-models"));

    clean();

    assertThat(somebodys.resolve("report.txt")).exists();
    assertThat(models.resolve("cache/model.onnx")).exists();
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(elsewhere).exists();
    assertThat(other).exists();
  }

  @Test
  void besideAFolderThatWasConfiguredNothingIsDeleted() throws IOException {
    Path dead = staging(DEAD);

    LeftStaging.deleteBeside(temporary.resolve("staged"), pid -> false);

    assertThat(dead).exists();
  }
}
