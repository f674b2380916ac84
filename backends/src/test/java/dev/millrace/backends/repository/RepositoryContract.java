// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What every {@link ModelRepository} does; an implementation's test says how models get into it.
 */
public abstract class RepositoryContract {

  /** The repository under test; the same one throughout a test. */
  protected abstract ModelRepository repository();

  /**
   * Puts a file into a version of a model, over what was there; the time of the change differs from
   * that of any earlier one.
   */
  protected abstract void put(String model, long version, String file, byte[] content)
      throws IOException;

  /** Writes a model's {@code model.yaml}. */
  protected abstract void configure(String model, String yaml) throws IOException;

  /** Takes a version away with all its files. */
  protected abstract void remove(String model, long version) throws IOException;

  /** Makes the repository as a whole unreadable. */
  protected abstract void breakRepository() throws IOException;

  /** Lets enough time pass for everything written so far to count as complete. */
  protected abstract void settle() throws IOException;

  protected final void put(String model, long version) throws IOException {
    put(model, version, "model.onnx", bytes(model + " " + version));
  }

  protected static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  protected final ModelEntry entry(String model) throws IOException {
    return repository().list().stream()
        .filter(entry -> entry.name().equals(model))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no entry for " + model));
  }

  protected final ModelVersion onlyVersion(String model) throws IOException {
    ModelEntry entry = entry(model);
    assertThat(entry.problem()).isEmpty();
    assertThat(entry.versions()).hasSize(1);
    return entry.versions().getFirst();
  }

  @Test
  final void listsNothingWhereThereIsNothing() throws IOException {
    assertThat(repository().list()).isEmpty();
  }

  @Test
  final void listsModelsByName() throws IOException {
    put("second", 1);
    put("first", 1);
    put("third", 1);

    assertThat(repository().list())
        .extracting(ModelEntry::name)
        .containsExactly("first", "second", "third");
  }

  @Test
  final void listsTheHighestVersionUnlessToldOtherwise() throws IOException {
    put("m", 9);
    put("m", 10);

    assertThat(onlyVersion("m").number()).isEqualTo(10);
  }

  @Test
  final void listsEveryVersionInOrderOfItsNumberIfAsked() throws IOException {
    configure("m", "version_policy: all");
    put("m", 10);
    put("m", 9);
    put("m", 1);

    assertThat(entry("m").versions()).extracting(ModelVersion::number).containsExactly(1L, 9L, 10L);
  }

  @Test
  final void reportsAVersionThatIsAskedForAndMissing() throws IOException {
    configure("m", "version_policy: {versions: [3, 1]}");
    put("m", 1);
    put("m", 2);

    List<ModelVersion> versions = entry("m").versions();
    assertThat(versions).extracting(ModelVersion::number).containsExactly(1L, 3L);
    assertThat(versions.get(0).problem()).isEmpty();
    assertThat(versions.get(1).problem()).isPresent();
  }

  @Test
  final void readsTheConfiguration() throws IOException {
    configure("m", "replicas: 3\nrequired: false");
    put("m", 1);

    assertThat(entry("m").manifest().replicas()).isEqualTo(3);
    assertThat(entry("m").manifest().required()).isFalse();
  }

  @Test
  final void aBadConfigurationIsItsModelsProblemAndNobodyElses() throws IOException {
    configure("bad", "replicas: 0");
    put("bad", 1);
    put("good", 1);

    assertThat(entry("bad").problem()).hasValueSatisfying(p -> assertThat(p).contains("replicas"));
    assertThat(entry("bad").versions()).isEmpty();
    assertThat(entry("good").problem()).isEmpty();
  }

  @Test
  final void keepsTheFingerprintWhileNothingChanges() throws IOException {
    put("m", 1);
    String before = onlyVersion("m").fingerprint();
    put("other", 1);

    assertThat(onlyVersion("m").fingerprint()).isEqualTo(before);
  }

  @Test
  final void changesTheFingerprintWithTheContent() throws IOException {
    put("m", 1, "model.onnx", bytes("one"));
    String before = onlyVersion("m").fingerprint();
    put("m", 1, "model.onnx", bytes("two"));

    assertThat(onlyVersion("m").fingerprint()).isNotEqualTo(before);
  }

  @Test
  final void changesTheFingerprintWithTheConfiguration() throws IOException {
    put("m", 1);
    String before = onlyVersion("m").fingerprint();
    configure("m", "threads: 2");

    assertThat(onlyVersion("m").fingerprint()).isNotEqualTo(before);
  }

  @Test
  final void isSettledOnceTimeHasPassed() throws IOException {
    put("m", 1);
    settle();

    assertThat(onlyVersion("m").settled()).isTrue();
  }

  @Test
  final void forgetsAVersionThatIsGone() throws IOException {
    put("m", 1);
    put("m", 2);
    assertThat(onlyVersion("m").number()).isEqualTo(2);
    remove("m", 2);

    assertThat(onlyVersion("m").number()).isEqualTo(1);
  }

  @Test
  final void fetchesTheModelFile() throws IOException {
    put("m", 4, "model.onnx", bytes("content"));
    settle();

    ModelArtifact artifact = repository().fetch(entry("m"), onlyVersion("m"));

    assertThat(artifact.name()).isEqualTo("m");
    assertThat(artifact.version()).isEqualTo(4);
    assertThat(artifact.file()).hasBinaryContent(bytes("content"));
  }

  @Test
  final void fetchesWhatBelongsToTheModelWithIt() throws IOException {
    put("m", 1, "model.onnx", bytes("graph"));
    put("m", 1, "weights.bin", bytes("weights"));
    settle();

    ModelArtifact artifact = repository().fetch(entry("m"), onlyVersion("m"));

    assertThat(artifact.file()).hasBinaryContent(bytes("graph"));
    assertThat(artifact.file().resolveSibling("weights.bin")).hasBinaryContent(bytes("weights"));
  }

  @Test
  final void whatIsFetchedStaysAsItIsWhileTheRepositoryChanges() throws IOException {
    put("m", 1, "model.onnx", bytes("graph"));
    put("m", 1, "weights.bin", bytes("weights"));
    settle();
    ModelArtifact artifact = repository().fetch(entry("m"), onlyVersion("m"));

    put("m", 1, "weights.bin", bytes("WEIGHTS"));

    assertThat(artifact.file().resolveSibling("weights.bin")).hasBinaryContent(bytes("weights"));
  }

  @Test
  final void twoFetchesDoNotDisturbEachOther() throws IOException {
    put("m", 1, "model.onnx", bytes("old"));
    put("m", 1, "weights.bin", bytes("old"));
    settle();
    ModelArtifact old = repository().fetch(entry("m"), onlyVersion("m"));
    put("m", 1, "model.onnx", bytes("new"));
    put("m", 1, "weights.bin", bytes("new"));
    settle();
    ModelArtifact now = repository().fetch(entry("m"), onlyVersion("m"));

    repository().release(old);

    assertThat(now.file()).hasBinaryContent(bytes("new"));
    assertThat(now.file().resolveSibling("weights.bin")).hasBinaryContent(bytes("new"));
  }

  @Test
  final void refusesToFetchWhatHasChangedSinceItWasListed() throws IOException {
    put("m", 1);
    ModelEntry listed = entry("m");
    put("m", 1, "model.onnx", bytes("another"));

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> repository().fetch(listed, listed.versions().getFirst()))
        .withMessageContaining("changed");
  }

  @Test
  final void refusesToFetchWhatIsGone() throws IOException {
    put("m", 1);
    ModelEntry listed = entry("m");
    remove("m", 1);

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> repository().fetch(listed, listed.versions().getFirst()))
        .withMessageContaining("'m'");
  }

  @Test
  final void maySeeAReleaseTwice() throws IOException {
    put("m", 1);
    put("m", 1, "weights.bin", bytes("weights"));
    ModelArtifact artifact = repository().fetch(entry("m"), onlyVersion("m"));

    repository().release(artifact);
    repository().release(artifact);

    Path again = repository().fetch(entry("m"), onlyVersion("m")).file();
    assertThat(Files.exists(again)).isTrue();
  }

  @Test
  final void failsAsAWholeOnlyIfItCannotBeReadAsAWhole() throws IOException {
    put("m", 1);
    assertThat(repository().list()).hasSize(1);
    breakRepository();

    assertThatExceptionOfType(IOException.class).isThrownBy(() -> repository().list());
  }
}
