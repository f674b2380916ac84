// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
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
