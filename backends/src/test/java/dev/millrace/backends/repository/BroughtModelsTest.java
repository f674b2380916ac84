// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

final class BroughtModelsTest {
  private static final Map<String, String> ENGINES = Map.of("onnxruntime", "model.onnx");

  @TempDir private Path folder;
  private ModelFiles files;
  private BroughtModels models;

  @BeforeEach
  void open() throws IOException {
    Path root = Files.createDirectory(folder.resolve("models"));
    files = new ModelFiles(root);
    ConfigOverrides configs = new ConfigOverrides();
    models =
        new BroughtModels(
            new DirectoryRepository(root, folder.resolve("staging"), ENGINES, files, configs),
            configs,
            folder.resolve("brought"),
            ENGINES,
            files);
    files.write("m/1/model.onnx", "there");
    files.write("m/model.yaml", "replicas: 2");
  }

  @AfterEach
  void close() {
    models.close();
    assertThat(folder.resolve("brought/models")).doesNotExist();
  }

  private ModelEntry listed(String model) throws IOException {
    return models.list().stream()
        .filter(entry -> entry.name().equals(model))
        .findFirst()
        .orElseThrow();
  }

  private static byte[] bytes(String text) {
    return RepositoryContract.bytes(text);
  }

  @Test
  void aConfigurationStandsForTheModelsOwnUntilItIsForgotten() throws IOException {
    models.bringConfig("m", "instance_group { count: 3 }");
    assertThat(listed("m").manifest().replicas()).isEqualTo(3);

    models.forget("m");
    assertThat(listed("m").manifest().replicas()).isEqualTo(2);
  }

  @Test
  void filesStandForAllThatTheModelHas() throws IOException {
    models.bringFiles("m", "", Map.of("5/model.onnx", bytes("brought")));
    models.bringFiles("other", "", Map.of("1/model.onnx", bytes("new")));

    assertThat(models.list()).extracting(ModelEntry::name).containsExactly("m", "other");
    ModelEntry entry = listed("m");
    assertThat(entry.versions()).extracting(ModelVersion::number).containsExactly(5L);
    assertThat(entry.manifest().replicas()).isEqualTo(1);
    assertThat(models.fetch(entry, entry.versions().getFirst()).file())
        .hasBinaryContent(bytes("brought"));

    models.forget("m");
    assertThat(listed("m").versions()).extracting(ModelVersion::number).containsExactly(1L);
  }

  @Test
  void aDeploymentGetsWhatLiesInTheRepository() throws IOException {
    models.bringFiles("m", "", Map.of("1/model.onnx", bytes("brought")));

    ModelEntry resolved = models.resolve("m", new VersionSelector.Exactly(1));

    assertThat(models.fetch(resolved, resolved.versions().getFirst()).file())
        .hasBinaryContent(bytes("there"));
  }

  @Test
  void filesThatAreBroughtAnewTakeThePlaceOfThoseBefore() throws IOException {
    models.bringFiles("m", "", Map.of("1/model.onnx", bytes("a"), "2/model.onnx", bytes("b")));
    models.bringFiles("m", "", Map.of("3/model.onnx", bytes("c")));

    ModelEntry entry = listed("m");
    assertThat(entry.versions()).extracting(ModelVersion::number).containsExactly(3L);
    assertThat(models.fetch(entry, entry.versions().getFirst()).file())
        .hasBinaryContent(bytes("c"));
  }

  @Test
  void filesThatCannotBeWrittenLeaveTheModelAsItIsInTheRepository() throws IOException {
    models.bringFiles("m", "", Map.of("5/model.onnx", bytes("brought")));

    assertThatThrownBy(
            () -> models.bringFiles("m", "", Map.of("1", bytes("file"), "1/x", bytes("in it"))))
        .isInstanceOf(IOException.class);
    assertThat(listed("m").versions()).extracting(ModelVersion::number).containsExactly(1L);
  }

  /** A registry on another machine that does not answer. */
  @Test
  @Timeout(60)
  void aRepositoryThatTakesLongToListHoldsUpNoLoadThatBringsItsFiles() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch answers = new CountDownLatch(1);
    try (BroughtModels slow = over(new HeldRepository(asked, answers))) {
      FutureTask<List<ModelEntry>> listing = new FutureTask<>(slow::list);
      Thread.ofPlatform().start(listing);
      asked.await();

      slow.bringFiles("m", "", Map.of("1/model.onnx", bytes("brought")));
      slow.bringConfig("other", "max_batch_size: 1");
      slow.forget("other");
      answers.countDown();

      ModelEntry entry = listing.get().getFirst();
      assertThat(slow.fetch(entry, entry.versions().getFirst()).file())
          .hasBinaryContent(bytes("brought"));
    }
  }

  private BroughtModels over(ModelRepository repository) {
    return new BroughtModels(
        repository, new ConfigOverrides(), folder.resolve("brought"), ENGINES, files);
  }

  /** Has no models, and lists them when it may. */
  private record HeldRepository(CountDownLatch asked, CountDownLatch answers)
      implements ModelRepository {
    @Override
    public String location() {
      return "held";
    }

    @Override
    public List<ModelEntry> list() throws IOException {
      asked.countDown();
      try {
        answers.await();
      } catch (InterruptedException e) {
        throw new InterruptedIOException("held");
      }
      return List.of();
    }

    @Override
    public ModelEntry resolve(String model, VersionSelector selector) throws IOException {
      throw new IOException("not here");
    }

    @Override
    public ModelArtifact fetch(ModelEntry entry, ModelVersion version) throws IOException {
      throw new IOException("not here");
    }

    @Override
    public void release(ModelArtifact artifact) {}

    @Override
    public void close() {}
  }

  @Test
  void severalFilesAreCopiedForUseAndTheCopyIsGivenBack() throws IOException {
    models.bringFiles(
        "m", "", Map.of("1/model.onnx", bytes("graph"), "1/weights.data", bytes("weights")));
    ModelEntry entry = listed("m");
    ModelArtifact artifact = models.fetch(entry, entry.versions().getFirst());
    models.forget("m");

    assertThat(artifact.file().resolveSibling("weights.data")).hasBinaryContent(bytes("weights"));
    models.release(artifact);
    assertThat(artifact.file()).doesNotExist();
  }

  @Test
  void aBareFileTakesNoConfiguration() throws IOException {
    files.write("bare.onnx", "bare");

    models.bringConfig("bare", "max_batch_size: 1");

    assertThat(listed("bare").problem())
        .contains("a bare file takes no configuration (expected a folder of that name)");
  }
}
