// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.model.ModelArtifact;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two folders as one repository; by the contract, models come to lie in both in turn. */
final class MergedRepositoryTest extends RepositoryContract {

  @TempDir Path folder;
  ModelFiles first;
  ModelFiles second;
  MergedRepository repository;

  @BeforeEach
  void create() throws IOException {
    first = new ModelFiles(Files.createDirectory(folder.resolve("first")));
    second = new ModelFiles(Files.createDirectory(folder.resolve("second")));
    repository =
        new MergedRepository(
            List.of(
                first.repository(folder.resolve("staging1")),
                second.repository(folder.resolve("staging2"))));
  }

  @AfterEach
  void close() {
    repository.close();
  }

  private ModelFiles filesOf(String model) {
    return model.hashCode() % 2 == 0 ? first : second;
  }

  @Override
  protected ModelRepository repository() {
    return repository;
  }

  @Override
  protected void put(String model, long version, String file, byte[] content) throws IOException {
    filesOf(model).write(model + "/" + version + "/" + file, content);
  }

  @Override
  protected void configure(String model, String yaml) throws IOException {
    filesOf(model).write(model + "/model.yaml", yaml);
  }

  @Override
  protected void remove(String model, long version) throws IOException {
    filesOf(model).delete(model + "/" + version);
  }

  @Override
  protected void breakRepository() throws IOException {
    first.deleteRoot();
    second.deleteRoot();
  }

  @Override
  protected void settle() {
    first.passMillis(DirectoryRepository.DEFAULT_SETTLE_MILLIS);
    second.passMillis(DirectoryRepository.DEFAULT_SETTLE_MILLIS);
  }

  @Test
  void aModelInTwoPlacesIsServedFromNeither() throws IOException {
    first.write("m/1/model.onnx", "x");
    second.write("m/2/model.onnx", "x");

    ModelEntry entry = entry("m");
    assertThat(entry.versions()).isEmpty();
    assertThat(entry.problem().orElseThrow())
        .contains(folder.resolve("first").toString(), folder.resolve("second").toString());
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(
            () ->
                repository.fetch(
                    entry, new ModelEntry.ModelVersion(1, "", true, java.util.Optional.empty())))
        .withMessageContaining("in 2 repositories");
  }

  @Test
  void whatOneHeldStaysWhileItCannotBeRead() throws IOException {
    first.write("a/1/model.onnx", "x");
    second.write("b/1/model.onnx", "x");
    assertThat(repository.list()).extracting(ModelEntry::name).containsExactly("a", "b");
    first.deleteRoot();
    second.write("c/1/model.onnx", "x");

    assertThat(repository.list()).extracting(ModelEntry::name).containsExactly("a", "b", "c");
  }

  @Test
  void oneThatWasNeverThereDoesNotHideTheOther() throws IOException {
    first.deleteRoot();
    second.write("b/1/model.onnx", "x");

    assertThat(repository.list()).extracting(ModelEntry::name).containsExactly("b");
  }

  @Test
  void releasesWhereItFetched() throws IOException {
    second.write("m/1/model.onnx", "x");
    second.write("m/1/weights.bin", "x");
    ModelArtifact artifact = repository.fetch(entry("m"), onlyVersion("m"));
    assertThat(artifact.file()).startsWith(folder.resolve("staging2"));

    repository.release(artifact);

    assertThat(artifact.file()).doesNotExist();
  }

  /** A repository that does not answer until it is closed. */
  private static final class Hung implements ModelRepository {
    final CountDownLatch closed = new CountDownLatch(1);
    final AtomicInteger questions = new AtomicInteger();

    private IOException hang() {
      questions.incrementAndGet();
      try {
        closed.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return new IOException("closed");
    }

    @Override
    public String location() {
      return "a hung place";
    }

    @Override
    public List<ModelEntry> list() throws IOException {
      throw hang();
    }

    @Override
    public ModelEntry resolve(String model, VersionSelector selector) throws IOException {
      throw hang();
    }

    @Override
    public ModelArtifact fetch(ModelEntry entry, ModelEntry.ModelVersion version)
        throws IOException {
      throw hang();
    }

    @Override
    public void release(ModelArtifact artifact) {}

    @Override
    public void close() {
      closed.countDown();
    }
  }

  @Test
  @Timeout(30)
  void oneThatHangsDoesNotHoldUpWhatAnotherFinds() throws IOException {
    first.write("m/1/model.onnx", "x");
    ModelRepository readable = first.repository(folder.resolve("staging3"));
    try (MergedRepository merged = new MergedRepository(List.of(), List.of(new Hung(), readable))) {

      ModelEntry entry = merged.resolve("m", new VersionSelector.Exactly(1));

      assertThat(entry.problem()).isEmpty();
      assertThat(merged.fetch(entry, entry.versions().getFirst()).file()).hasContent("x");
    }
  }

  @Test
  @Timeout(30)
  void oneThatHangsIsListedWithoutAndNotAskedTwiceAtATime() throws IOException {
    first.write("m/1/model.onnx", "x");
    Hung hung = new Hung();
    ModelRepository readable = first.repository(folder.resolve("staging3"));
    try (MergedRepository merged =
        new MergedRepository(List.of(hung, readable), List.of(), Duration.ofMillis(300))) {
      assertThat(merged.list()).extracting(ModelEntry::name).containsExactly("m");

      first.write("n/1/model.onnx", "x");

      assertThat(merged.list()).extracting(ModelEntry::name).containsExactly("m", "n");
      assertThat(hung.questions).hasValue(1);
    }
  }

  @Test
  @Timeout(30)
  void whereAllHangTheListingFails() {
    try (MergedRepository merged =
        new MergedRepository(List.of(new Hung()), List.of(), Duration.ofMillis(10))) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(merged::list)
          .withMessageContaining("a hung place: no answer within");
    }
  }

  @Test
  void namesAllItsPlaces() {
    assertThat(repository.location())
        .isEqualTo(folder.resolve("first") + ", " + folder.resolve("second"));
  }
}
