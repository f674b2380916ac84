// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A repository that somebody writes to while it is read, and the copies that guard against it. */
final class DirectoryCopyTest {

  @TempDir Path folder;
  ModelFiles files;
  Path staging;

  @BeforeEach
  void create() throws IOException {
    files = new ModelFiles(Files.createDirectory(folder.resolve("models")));
    staging = folder.resolve("staging");
  }

  private static ModelVersion version(ModelRepository repository) throws IOException {
    return repository.list().getFirst().versions().getFirst();
  }

  private static ModelArtifact fetch(ModelRepository repository) throws IOException {
    ModelEntry entry = repository.list().getFirst();
    return repository.fetch(entry, entry.versions().getFirst());
  }

  private long stagedFiles() throws IOException {
    try (Stream<Path> paths = Files.walk(staging)) {
      return paths
          .filter(Files::isRegularFile)
          .filter(path -> !path.endsWith(Staging.MARKER))
          .count();
    }
  }

  @Test
  void whatHasJustChangedIsNotSettled() throws IOException {
    try (DirectoryRepository repository = files.repository(staging)) {
      files.write("m/1/model.onnx", "x");
      files.passMillis(DirectoryRepository.DEFAULT_SETTLE_MILLIS - 1);

      assertThat(version(repository).settled()).isFalse();
    }
  }

  @Test
  void whatChangedLongAgoIsSettledAtFirstSight() throws IOException {
    files.write("m/1/model.onnx", "x");
    files.passMillis(DirectoryRepository.DEFAULT_SETTLE_MILLIS);
    try (DirectoryRepository repository = files.repository(staging)) {
      assertThat(version(repository).settled()).isTrue();
    }
  }

  @Test
  void whatIsAsItWasAtTheLastListingIsSettled() throws IOException {
    try (DirectoryRepository repository = files.repository(staging)) {
      files.write("m/1/model.onnx", "x");
      assertThat(version(repository).settled()).isFalse();

      assertThat(version(repository).settled()).isTrue();
    }
  }

  @Test
  void aFileThatGrowsFromListingToListingIsNotSettled() throws IOException {
    try (DirectoryRepository repository = files.repository(staging)) {
      StringBuilder content = new StringBuilder();
      for (int i = 0; i < 5; i++) {
        files.write("m/1/model.onnx", content.append("x").toString());
        assertThat(version(repository).settled()).isFalse();
      }
      files.passMillis(DirectoryRepository.DEFAULT_SETTLE_MILLIS);
      assertThat(version(repository).settled()).isTrue();
    }
  }

  @Test
  void aVersionIsNotSettledWhileAToolStillCopiesIntoIt() throws IOException {
    try (DirectoryRepository repository = files.repository(staging)) {
      files.write("m/1/model.onnx", "x");
      files.passMillis(DirectoryRepository.DEFAULT_SETTLE_MILLIS);
      assertThat(version(repository).settled()).isTrue();
      files.write("m/1/.weights.bin.Gh12aB", "w");
      assertThat(version(repository).settled()).isFalse();
      files.write("m/1/.weights.bin.Gh12aB", "we");
      assertThat(version(repository).settled()).isFalse();

      files.passMillis(DirectoryRepository.DEFAULT_SETTLE_MILLIS);
      assertThat(version(repository).settled()).as("left behind by a copy that broke").isTrue();
    }
  }

  @Test
  void aFileMovedInWithAnOldTimeIsAChangeAsWell() throws IOException {
    files.write("m/1/model.onnx", "x");
    files.passMillis(10 * DirectoryRepository.DEFAULT_SETTLE_MILLIS);
    files.folder("m/1");
    try (DirectoryRepository repository = files.repository(staging)) {
      assertThat(version(repository).settled()).isFalse();
    }
  }

  @Test
  void aTimeInTheFutureDoesNotBlockForEver() throws IOException {
    files.passMillis(1_000_000_000);
    files.write("m/1/model.onnx", "x");
    files.passMillis(-1_000_000_000);
    try (DirectoryRepository repository = files.repository(staging)) {
      assertThat(version(repository).settled()).isFalse();
      assertThat(version(repository).settled()).isTrue();
    }
  }

  @Test
  void aConfigurationThatHasJustChangedIsNotSettledEither() throws IOException {
    files.write("m/1/model.onnx", "x");
    files.passMillis(10 * DirectoryRepository.DEFAULT_SETTLE_MILLIS);
    try (DirectoryRepository repository = files.repository(staging)) {
      assertThat(version(repository).settled()).isTrue();
      files.write("m/model.yaml", "threads: 1");
      assertThat(version(repository).settled()).isFalse();
    }
  }

  @Test
  void aLoneFileIsUsedWhereItLies() throws IOException {
    Path file = files.write("m/1/model.onnx", "x");
    try (DirectoryRepository repository = files.repository(staging)) {
      ModelArtifact artifact = fetch(repository);
      repository.release(artifact);

      assertThat(artifact.file()).isEqualTo(file).exists();
      assertThat(staging).doesNotExist();
    }
  }

  @Test
  void severalFilesAreCopiedAndTheCopyGoesWithItsRelease() throws IOException {
    files.write("m/1/model.onnx", "graph");
    files.write("m/1/data/weights.bin", "weights");
    try (DirectoryRepository repository = files.repository(staging)) {
      ModelArtifact artifact = fetch(repository);
      assertThat(artifact.file()).startsWith(staging).hasContent("graph");
      assertThat(artifact.file().resolveSibling("data/weights.bin")).hasContent("weights");

      repository.release(artifact);

      assertThat(stagedFiles()).isZero();
      assertThat(files.path("m/1/model.onnx")).exists();
    }
  }

  @Test
  void aCopyDuringWhichTheVersionChangedIsRefused() throws IOException {
    files.write("m/1/model.onnx", "graph 1");
    files.write("m/1/weights.bin", "weights 1");
    FileCopy overtaken =
        (from, to) -> {
          Files.copy(from, to);
          if (from.endsWith("model.onnx")) { // the rest would be of the next state
            files.write("m/1/model.onnx", "graph 2");
            files.write("m/1/weights.bin", "weights 2");
          }
        };
    try (DirectoryRepository repository = files.repository(staging, overtaken)) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> fetch(repository))
          .withMessageContaining("changed while being read");
      assertThat(stagedFiles()).isZero();
    }
  }

  @Test
  void aCopyThatFailsLeavesNothingBehind() throws IOException {
    files.write("m/1/model.onnx", "graph");
    files.write("m/1/weights.bin", "weights");
    FileCopy full =
        (from, to) -> {
          if (from.endsWith("weights.bin")) {
            throw new IOException("No space left on device");
          }
          Files.copy(from, to);
        };
    try (DirectoryRepository repository = files.repository(staging, full)) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> fetch(repository))
          .withMessageContaining("No space left");
      assertThat(stagedFiles()).isZero();
    }
  }

  @Test
  void aVersionWithAProblemIsNotFetched() throws IOException {
    files.write("m/1/model.onnx", "");
    try (DirectoryRepository repository = files.repository(staging)) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> fetch(repository))
          .withMessageContaining("model 'm' version 1")
          .withMessageContaining("0 bytes");
    }
  }

  @Test
  void copiesOfAnEarlierProcessAreDeletedAtStart() throws IOException {
    Files.createDirectories(staging.resolve("m/1-0"));
    Files.createFile(staging.resolve("m/1-0/model.onnx"));
    Files.createFile(staging.resolve(Staging.MARKER));
    try (DirectoryRepository repository = files.repository(staging)) {
      assertThat(repository.list()).isEmpty();
      assertThat(stagedFiles()).isZero();
    }
  }

  @Test
  void aFolderOfSomebodyElseIsLeftAlone() throws IOException {
    Files.createDirectories(staging);
    Path thesis = Files.createFile(staging.resolve("thesis.tex"));
    files.write("m/1/model.onnx", "graph");
    files.write("m/1/weights.bin", "weights");
    try (DirectoryRepository repository = files.repository(staging)) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> fetch(repository))
          .withMessageContaining("holds files of others");
    }
    assertThat(thesis).exists();
  }

  @Test
  void aFolderInUseIsLeftAlone() throws IOException {
    files.write("m/1/model.onnx", "graph");
    files.write("m/1/weights.bin", "weights");
    try (DirectoryRepository repository = files.repository(staging);
        DirectoryRepository another = files.repository(staging)) {
      ModelArtifact artifact = fetch(repository);

      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> fetch(another))
          .withMessageContaining("is in use");
      assertThat(artifact.file()).exists();
    }
  }

  @Test
  void nothingIsLeftAfterTheEnd() throws IOException {
    files.write("m/1/model.onnx", "graph");
    files.write("m/1/weights.bin", "weights");
    try (DirectoryRepository repository = files.repository(staging)) {
      fetch(repository);
    }

    assertThat(staging).isEmptyDirectory();
    try (DirectoryRepository next = files.repository(staging)) {
      assertThat(fetch(next).file()).exists();
    }
  }
}
