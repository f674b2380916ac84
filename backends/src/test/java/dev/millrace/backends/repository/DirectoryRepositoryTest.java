// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.model.ModelArtifact;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DirectoryRepositoryTest extends RepositoryContract {

  @TempDir Path folder;
  ModelFiles files;
  DirectoryRepository repository;

  @BeforeEach
  void create() throws IOException {
    Path root = Files.createDirectory(folder.resolve("models"));
    files = new ModelFiles(root);
    repository = files.repository(folder.resolve("staging"));
  }

  @AfterEach
  void close() {
    repository.close();
  }

  @Override
  protected ModelRepository repository() {
    return repository;
  }

  @Override
  protected void put(String model, long version, String file, byte[] content) throws IOException {
    files.write(model + "/" + version + "/" + file, content);
  }

  @Override
  protected void configure(String model, String yaml) throws IOException {
    files.write(model + "/model.yaml", yaml);
  }

  @Override
  protected void remove(String model, long version) throws IOException {
    files.delete(model + "/" + version);
  }

  @Override
  protected void breakRepository() throws IOException {
    files.deleteRoot();
  }

  @Override
  protected void settle() {
    files.passMillis(DirectoryRepository.DEFAULT_SETTLE_MILLIS);
  }

  @Test
  void bringsTheModelsSamplesAlong() throws IOException {
    files.write("m/1/model.onnx", "model");
    Path sample = files.write("m/warmup/a.json", "{}");
    settle();

    ModelArtifact artifact = fetchLatest("m");

    assertThat(artifact.warmUpFiles()).containsExactly(Map.entry("a.json", sample));
    assertThat(artifact.file()).isEqualTo(files.path("m/1/model.onnx"));
    assertThat(artifact.bytes()).isEqualTo("model".length());
  }

  @Test
  void aVersionsOwnSamplesTakeThePlaceOfTheModels() throws IOException {
    Path model = files.write("m/1/model.onnx", "model");
    files.write("m/warmup/a.json", "{}");
    Path own = files.write("m/1/warmup/b.json", "{}");
    settle();

    ModelArtifact artifact = fetchLatest("m");

    assertThat(artifact.warmUpFiles()).containsExactly(Map.entry("b.json", own));
    assertThat(artifact.file()).isEqualTo(model); // still a lone file, read where it lies
  }

  @Test
  void anotherSampleIsAnotherContent() throws IOException {
    files.write("m/model.onnx", "model");
    String without = fingerprintOf("m");
    files.write("m/warmup/a.json", "{}");
    String with = fingerprintOf("m");
    files.write("m/warmup/a.json", "{ }");

    assertThat(with).isNotEqualTo(without);
    assertThat(fingerprintOf("m")).isNotEqualTo(with);
  }

  @Test
  void samplesOnTheirWayInAreWaitedFor() throws IOException {
    files.write("m/1/model.onnx", "model");
    settle();
    files.write("m/warmup/a.json", "{}");

    assertThat(latest("m").versions().getFirst().settled()).isFalse();
  }

  private ModelEntry latest(String model) throws IOException {
    return repository.resolve(model, VersionSelector.LATEST);
  }

  private String fingerprintOf(String model) throws IOException {
    return latest(model).versions().getFirst().fingerprint();
  }

  private ModelArtifact fetchLatest(String model) throws IOException {
    ModelEntry entry = latest(model);
    return repository.fetch(entry, entry.versions().getFirst());
  }
}
