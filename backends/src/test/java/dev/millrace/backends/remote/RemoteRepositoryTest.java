// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.AlteredException;
import dev.millrace.backends.repository.ConfigOverrides;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Faults of a registry on another machine, and what the cache makes of them. */
final class RemoteRepositoryTest {
  private static final Map<String, String> ENGINES = Map.of("onnxruntime", "model.onnx");
  private static final VersionSelector ONE = new VersionSelector.Exactly(1);
  private static final VersionSelector TWO = new VersionSelector.Exactly(2);

  private final AtomicLong nanos = new AtomicLong();
  private final ScriptedSource source = new ScriptedSource(nanos::get);
  @TempDir private Path folder;
  private final AtomicLong now = new AtomicLong(System.currentTimeMillis());
  private ContentCache cache;
  private RemoteRepository repository;

  @BeforeEach
  void opens() throws IOException {
    cache = new ContentCache(folder, 1_000, () -> Instant.ofEpochMilli(now.incrementAndGet()));
    repository = new RemoteRepository(source, cache, ENGINES, InstantSource.system(), nanos::get);
  }

  @AfterEach
  void closes() {
    repository.close();
    cache.close();
  }

  private void restart() throws IOException {
    closes();
    opens();
  }

  private ModelArtifact fetch(VersionSelector selector) throws IOException {
    ModelEntry entry = repository.resolve("m", selector);
    assertThat(entry.problem()).isEmpty();
    return repository.fetch(entry, entry.versions().getFirst());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private List<Path> blobs() throws IOException {
    try (Stream<Path> all = Files.walk(folder.resolve("blobs"))) {
      return all.filter(Files::isRegularFile).toList();
    }
  }

  @Test
  void downloadsAFileOnce() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    repository.release(fetch(ONE));
    restart();

    assertThat(fetch(ONE).file()).hasBinaryContent(bytes("graph"));
    assertThat(source.downloads).containsExactly("1/model.onnx@0");
  }

  @Test
  void fetchesTheSamplesThatAVersionIsWarmedUpWith() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    source.put("m/2/model.onnx", bytes("another"));
    source.put("m/2/warmup/own.json", bytes("{}"));
    source.put("m/warmup/a.json", bytes("{ }"));

    Map<String, Path> ofTheModel = fetch(ONE).warmUpFiles();
    Map<String, Path> ofTheVersion = fetch(TWO).warmUpFiles();

    assertThat(ofTheModel).containsOnlyKeys("a.json");
    assertThat(ofTheModel.get("a.json")).hasBinaryContent(bytes("{ }"));
    assertThat(ofTheVersion).containsOnlyKeys("own.json");
    assertThat(ofTheVersion.get("own.json")).hasBinaryContent(bytes("{}"));
  }

  @Test
  void anotherConfigurationTakesThePlaceOfTheOneThatIsListed() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    source.put("m/model.yaml", bytes("replicas: 2"));
    ConfigOverrides configs = new ConfigOverrides();
    RemoteRepository overridden =
        new RemoteRepository(
            source, cache, ENGINES, InstantSource.system(), System::nanoTime, configs);
    String before = overridden.list().getFirst().versions().getFirst().fingerprint();

    configs.put("m", "instance_group { count: 3 }");
    ModelEntry entry = overridden.list().getFirst();

    assertThat(entry.manifest().replicas()).isEqualTo(3);
    assertThat(entry.versions().getFirst().fingerprint()).isNotEqualTo(before);
    assertThat(overridden.fetch(entry, entry.versions().getFirst()).file())
        .hasBinaryContent(bytes("graph"));
    configs.remove("m");
    assertThat(overridden.list().getFirst().versions().getFirst().fingerprint()).isEqualTo(before);
  }

  @Test
  void goesOnWhereADownloadBroke() throws IOException {
    source.put("m/1/model.onnx", bytes("a graph of 20 bytes!"));
    source.breaksAfter = 8;
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> fetch(ONE))
        .withMessageContaining("Connection reset");
    restart(); // the gateway may have been stopped as well
    source.breaksAfter = -1;

    assertThat(fetch(ONE).file()).hasBinaryContent(bytes("a graph of 20 bytes!"));
    assertThat(source.downloads).containsExactly("1/model.onnx@0", "1/model.onnx@8");
  }

  @Test
  void doesNotFetchAgainWhatCameBeforeAnotherFileBroke() throws IOException {
    source.put("m/1/a.data", bytes("small"));
    source.put("m/1/model.onnx", bytes("a graph of 20 bytes!"));
    source.breaksAfter = 8;
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> fetch(ONE));
    source.breaksAfter = -1;

    assertThat(fetch(ONE).file()).hasBinaryContent(bytes("a graph of 20 bytes!"));
    assertThat(source.downloads).containsExactly("1/a.data@0", "1/model.onnx@0", "1/model.onnx@8");
  }

  @Test
  void doesNotGoOnWithAnotherContent() throws IOException {
    source.put("m/1/model.onnx", bytes("a graph of 20 bytes!"));
    source.breaksAfter = 8;
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> fetch(ONE));
    source.breaksAfter = -1;
    source.put("m/1/model.onnx", bytes("A GRAPH OF 20 BYTES!"));

    assertThat(fetch(ONE).file()).hasBinaryContent(bytes("A GRAPH OF 20 BYTES!"));
  }

  @Test
  void neverHandsOutWhatIsShort() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    ModelEntry entry = repository.resolve("m", ONE);
    source.revisionsLie = true;
    source.put("m/1/model.onnx", bytes("gra"));

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> repository.fetch(entry, entry.versions().getFirst()))
        .withMessageContaining("model 'm' version 1");
    assertThat(blobs()).isEmpty();
  }

  @Test
  void downloadsAgainWhatWasDamagedHere() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    repository.release(fetch(ONE));
    Path blob = blobs().getFirst();
    Files.delete(blob);
    Files.write(blob, bytes("GRAPH"));

    assertThat(fetch(ONE).file()).hasBinaryContent(bytes("graph"));
  }

  @Test
  void refusesAVersionThatIsNotWhatItWas() throws IOException {
    source.revisionsLie = true;
    source.put("m/1/model.onnx", bytes("graph"));
    repository.release(fetch(ONE));
    Files.delete(blobs().getFirst());
    source.put("m/1/model.onnx", bytes("GRAPH"));

    assertThatExceptionOfType(AlteredException.class)
        .isThrownBy(() -> fetch(ONE))
        .withMessageContaining("was altered: SHA-256")
        .withMessageContaining("as it was first fetched");
  }

  @Test
  void findsVersionsByNumberInTheCacheWhileTheRegistryIsDown() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    source.put("m/1/weights.bin", bytes("weights"));
    source.put("m/model.yaml", bytes("replicas: 3"));
    source.put("m/2/model.onnx", bytes("newer"));
    repository.release(fetch(ONE));
    source.isReachable = false;
    restart();

    ModelEntry entry = repository.resolve("m", ONE);
    assertThat(entry.manifest().replicas()).isEqualTo(3);
    Path file = repository.fetch(entry, entry.versions().getFirst()).file();
    assertThat(file).hasBinaryContent(bytes("graph"));
    assertThat(file.resolveSibling("weights.bin")).hasBinaryContent(bytes("weights"));
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> repository.resolve("m", TWO))
        .withMessageContaining("Connection refused");
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> repository.resolve("m", VersionSelector.LATEST));
  }

  @Test
  void listsWhatTheCacheHoldsUntilTheRegistryCouldBeRead() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    repository.list();
    repository.release(fetch(ONE));
    source.isReachable = false;
    restart();

    assertThat(repository.list()).extracting(ModelEntry::name).containsExactly("m");
    source.isReachable = true;
    nanos.addAndGet(Patience.DEFAULT.firstPause().toNanos());
    source.put("n/1/model.onnx", bytes("graph"));
    assertThat(repository.list()).extracting(ModelEntry::name).containsExactly("m", "n");
    source.isReachable = false;
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> repository.list());
  }

  private List<String> listedWhileDown() throws IOException {
    source.isReachable = false;
    restart();
    return repository.list().stream()
        .flatMap(entry -> entry.versions().stream().map(v -> entry.name() + "/" + v.number()))
        .toList();
  }

  @Test
  void doesNotListWhatWasWithdrawnBeforeTheRegistryWentDown() throws IOException {
    source.put("m/model.yaml", bytes("version_policy: all"));
    source.put("m/1/model.onnx", bytes("graph"));
    source.put("m/2/model.onnx", bytes("newer"));
    source.put("n/1/model.onnx", bytes("other"));
    repository.list();
    repository.release(fetch(ONE));
    repository.release(fetch(TWO));
    ModelEntry n = repository.resolve("n", ONE);
    repository.release(repository.fetch(n, n.versions().getFirst()));
    source.remove("m/2/model.onnx");
    source.remove("n/1/model.onnx");
    repository.list();

    assertThat(listedWhileDown()).containsExactly("m/1");
  }

  @Test
  void doesNotListWhatWasReplacedSinceItWasFetched() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    source.put("n/1/model.onnx", bytes("other"));
    repository.list();
    repository.release(fetch(ONE));
    ModelEntry n = repository.resolve("n", ONE);
    repository.release(repository.fetch(n, n.versions().getFirst()));
    source.put("m/1/model.onnx", bytes("GRAPH"));
    repository.list();

    assertThat(listedWhileDown()).containsExactly("n/1");
  }

  @Test
  void listsWhatWasFetchedAfterTheLastListing() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    repository.list();
    repository.release(fetch(ONE));

    assertThat(listedWhileDown()).containsExactly("m/1");
    assertThat(listedWhileDown()).as("after another restart").containsExactly("m/1");
  }

  @Test
  void aListingThatIsDamagedIsNotBelieved() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    repository.list();
    repository.release(fetch(ONE));
    Files.writeString(cache.listing("scripted"), "versions: 7");
    source.isReachable = false;
    restart();

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> repository.list())
        .withMessageContaining("Connection refused");
  }

  @Test
  void aVersionThatIsGoneFromTheRegistryIsNotFoundInTheCache() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    source.put("m/2/model.onnx", bytes("graph"));
    repository.release(fetch(ONE));

    assertThatExceptionOfType(UnknownVersionException.class)
        .isThrownBy(() -> repository.resolve("m", new VersionSelector.Exactly(7)))
        .withMessageContaining("version 7 not found");
  }

  @Test
  void keepsEqualContentsOnce() throws IOException {
    source.put("m/1/model.onnx", bytes("same"));
    source.put("m/2/model.onnx", bytes("same"));

    fetch(ONE);
    fetch(TWO);

    assertThat(blobs()).hasSize(1);
  }

  @Test
  void makesRoomByWhatWasNotUsedForLongest() throws IOException {
    source.put("m/1/model.onnx", new byte[400]);
    source.put("m/2/model.onnx", bytes("x".repeat(400)));
    source.put("m/3/model.onnx", bytes("y".repeat(400)));
    repository.release(fetch(ONE));
    repository.release(fetch(TWO));
    repository.release(fetch(ONE)); // version 2 is the older one now

    fetch(new VersionSelector.Exactly(3));

    assertThat(cache.all("scripted")).extracting(CachedVersion::version).containsExactly(1L, 3L);
    assertThat(blobs()).hasSize(2);
  }

  @Test
  void neverMakesRoomByWhatIsInUse() throws IOException {
    source.put("m/1/model.onnx", new byte[600]);
    source.put("m/2/model.onnx", bytes("x".repeat(600)));
    ModelArtifact inUse = fetch(ONE);

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> fetch(TWO))
        .withMessageContaining("600 bytes do not fit into the cache")
        .withMessageContaining("600 bytes are in use (cache_max_bytes)");
    assertThat(inUse.file()).hasSize(600);

    repository.release(inUse);
    assertThat(fetch(TWO).file()).hasSize(600);
  }

  @Test
  void countsWhatItFetchedAndWhatItCouldNot() throws IOException {
    source.put("m/1/model.onnx", bytes("a graph of 20 bytes!"));
    source.breaksAfter = 8;
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> fetch(ONE));
    assertThat(cache.bytes()).isZero();
    source.breaksAfter = -1;

    repository.release(fetch(ONE));
    repository.release(fetch(ONE)); // from the cache

    assertThat(repository.statistics().downloadedBytes()).isEqualTo(20);
    assertThat(repository.statistics().failedDownloads()).isEqualTo(1);
    assertThat(cache.bytes()).isEqualTo(20);
    assertThat(cache.maxBytes()).isEqualTo(1_000);
  }

  @Test
  void doesNotFollowNamesOutOfItsFolder() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    source.put("m/1/../../../escaped", bytes("evil"));

    ModelEntry entry = repository.resolve("m", ONE);

    assertThat(entry.versions().getFirst().problem())
        .hasValueSatisfying(problem -> assertThat(problem).contains("cannot be a file here"));
  }

  @Test
  void aCacheIsOneProcesssOwn() {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> new ContentCache(folder, 1_000, InstantSource.system()))
        .withMessageContaining("in use");
  }

  @Test
  void aDamagedRecordIsLeftOut() throws IOException {
    source.put("m/1/model.onnx", bytes("graph"));
    repository.release(fetch(ONE));
    try (Stream<Path> all = Files.walk(folder.resolve("versions"))) {
      Files.writeString(all.filter(Files::isRegularFile).findFirst().orElseThrow(), "files: [");
    }
    restart();

    assertThat(cache.all("scripted")).isEmpty();
    assertThat(fetch(ONE).file()).hasBinaryContent(bytes("graph"));
  }
}
