// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.remote.ContentCache;
import dev.millrace.backends.remote.RemoteRepository;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.RepositoryContract;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.backends.s3.AccessKey;
import dev.millrace.backends.s3.S3Source;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/** A real server that speaks S3, as a repository. */
class S3RepositoryTest extends RepositoryContract {
  private static S3Server server;

  private final String bucket = "b" + UUID.randomUUID();
  private final AtomicLong ahead = new AtomicLong();
  @TempDir private Path folder;
  private S3Client client;
  private ContentCache cache;
  private RemoteRepository repository;

  @BeforeAll
  static void starts(@TempDir Path folder) throws Exception {
    server = S3Server.start(folder);
  }

  @AfterAll
  static void stops() {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void opens() throws IOException {
    client = server.client();
    client.createBucket(request -> request.bucket(bucket));
    cache = new ContentCache(folder.resolve("cache"), 1 << 30, this::now);
    repository =
        new RemoteRepository(
            new S3Source(
                bucket,
                "models",
                Optional.of(server.uri()),
                Optional.empty(),
                Optional.empty(),
                System::nanoTime),
            cache,
            Map.of("onnxruntime", "model.onnx", "echo", "model.echo"),
            this::now,
            System::nanoTime);
  }

  private Instant now() {
    return Instant.ofEpochMilli(System.currentTimeMillis() + ahead.get());
  }

  @AfterEach
  void closes() {
    repository.close();
    cache.close();
    client.close();
  }

  @Override
  protected ModelRepository repository() {
    return repository;
  }

  @Override
  protected void put(String model, long version, String file, byte[] content) {
    put(model + "/" + version + "/" + file, content);
  }

  private void put(String name, byte[] content) {
    client.putObject(
        request -> request.bucket(bucket).key("models/" + name), RequestBody.fromBytes(content));
  }

  @Override
  protected void configure(String model, String yaml) {
    put(model + "/model.yaml", bytes(yaml));
  }

  @Override
  protected void remove(String model, long version) {
    delete("models/" + model + "/" + version + "/");
  }

  private void delete(String prefix) {
    for (S3Object object :
        client.listObjectsV2(request -> request.bucket(bucket).prefix(prefix)).contents()) {
      client.deleteObject(request -> request.bucket(bucket).key(object.key()));
    }
  }

  @Override
  protected void breakRepository() {
    delete("");
    client.deleteBucket(request -> request.bucket(bucket));
  }

  @Override
  protected void settle() {
    ahead.addAndGet(10_000);
  }

  @Test
  void resolvesNumbersAndTheLatest() throws IOException {
    put("m", 2);
    put("m", 10);

    assertThat(number(new VersionSelector.Exactly(2))).isEqualTo(2);
    assertThat(number(VersionSelector.LATEST)).isEqualTo(10);
    assertThatExceptionOfType(UnknownVersionException.class)
        .isThrownBy(() -> number(new VersionSelector.Exactly(3)))
        .withMessageContaining("model 'm': version 3 not found in s3://" + bucket + "/models");
    assertThatExceptionOfType(UnknownVersionException.class)
        .isThrownBy(() -> number(new VersionSelector.Alias("champion")))
        .withMessageContaining("knows no aliases");
    assertThatExceptionOfType(UnknownVersionException.class)
        .isThrownBy(() -> repository.resolve("other", VersionSelector.LATEST))
        .withMessageContaining("'other': not found");
  }

  private long number(VersionSelector selector) throws IOException {
    return repository.resolve("m", selector).versions().getFirst().number();
  }

  @Test
  void seesNoModelInTheEmptyObjectsThatConsolesMakeForFolders() throws IOException {
    put("m/", new byte[0]);
    put("n/1/", new byte[0]);

    assertThat(repository.list()).isEmpty();
  }

  @Test
  void takesAModelWithoutVersionFolders() throws IOException {
    put("m/model.onnx", bytes("graph"));
    settle();

    ModelArtifact artifact = repository.fetch(entry("m"), onlyVersion("m"));

    assertThat(artifact.version()).isEqualTo(1);
    assertThat(artifact.file()).hasBinaryContent(bytes("graph"));
  }

  @Test
  void listsMoreThanAPageOfObjects() throws IOException {
    for (int i = 0; i < 1_100; i++) {
      put("m/1/part-" + i, bytes("x"));
    }
    put("m", 1);

    assertThat(repository.list()).hasSize(1);
    assertThat(onlyVersion("m").problem()).isEmpty();
  }

  @Test
  void saysWhatAServerRefuses() {
    try (RemoteRepository wrong =
        new RemoteRepository(
            new S3Source(
                "no-such-bucket",
                "",
                Optional.of(server.uri()),
                Optional.empty(),
                Optional.empty(),
                System::nanoTime),
            cache,
            Map.of(),
            this::now,
            System::nanoTime)) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(wrong::list)
          .withMessageContaining("s3://no-such-bucket/ at " + server.uri())
          .withMessageContaining("bucket");
    }
  }

  @Test
  void saysThatNobodyListens() {
    URI nobody = URI.create("http://127.0.0.1:1");
    try (S3Source source =
        new S3Source(
            bucket,
            "",
            Optional.of(nobody),
            Optional.empty(),
            Optional.empty(),
            System::nanoTime)) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(source::list)
          .withMessageContaining("Connection refused");
    }
  }

  private S3Source withKey(AccessKey key) {
    return new S3Source(
        bucket,
        "models",
        Optional.of(server.uri()),
        Optional.empty(),
        Optional.of(key),
        System::nanoTime);
  }

  @Test
  void aKeyOfTheBucketsOwnStandsInPlaceOfWhatTheToolsFind() throws IOException {
    try (S3Source own = withKey(new AccessKey(S3Server.KEY, S3Server.SECRET));
        S3Source another = withKey(new AccessKey(S3Server.KEY, "another"))) {
      assertThat(own.list()).isEmpty();
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(another::list)
          .withMessageContaining("403")
          .withMessageNotContaining("another");
    }
  }
}
