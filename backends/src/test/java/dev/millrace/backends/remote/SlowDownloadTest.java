// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.mlflow.Credentials;
import dev.millrace.backends.mlflow.MlflowSource;
import dev.millrace.backends.mlflow.ToyMlflow;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.ConfigOverrides;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Downloads from a server that sends little, over real connections. */
@Timeout(60)
final class SlowDownloadTest {
  private static final int SIZE = 5_000;
  private static final LowestRate LEAST = new LowestRate(1_000, Duration.ofSeconds(1));

  @TempDir private Path folder;
  private final CountDownLatch end = new CountDownLatch(1);
  private ToyMlflow server;
  private ContentCache cache;
  private RemoteRepository repository;

  @BeforeEach
  void opens() throws IOException {
    server = new ToyMlflow();
    server.put("m", 1, "model.onnx", new byte[SIZE]);
    cache = new ContentCache(folder, 1_000_000, InstantSource.system());
    repository =
        new RemoteRepository(
            new MlflowSource(server.uri(), Credentials.NONE, System::nanoTime),
            cache,
            Map.of("onnxruntime", "model.onnx"),
            InstantSource.system(),
            System::nanoTime,
            LEAST,
            Patience.DEFAULT,
            new ConfigOverrides());
  }

  @AfterEach
  void closes() {
    end.countDown();
    repository.close();
    cache.close();
    server.close();
  }

  /** Sends some, and then a byte now and then. */
  private void drips(int atOnce) {
    server.sends(
        "m",
        1,
        "model.onnx",
        (rest, out) -> {
          out.write(rest, 0, atOnce);
          for (int i = atOnce; i < rest.length; i++) {
            out.flush();
            if (end.await(50, TimeUnit.MILLISECONDS)) {
              return;
            }
            out.write(rest, i, 1);
          }
        });
  }

  private ModelArtifact fetch() throws IOException {
    ModelEntry entry = repository.resolve("m", new VersionSelector.Exactly(1));
    return repository.fetch(entry, entry.versions().getFirst());
  }

  @Test
  void whatDripsIsGivenUpWithFiguresAndGoesOnAtTheNextTry() throws IOException {
    drips(2_000);

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(this::fetch)
        .withMessageContaining(
            "model 'm' version 1 in MLflow at "
                + server.uri()
                + ": 1/model.onnx: given up after 20")
        .withMessageContaining(" of 5000 bytes: ")
        .withMessageContaining(" bytes in the last 1 s (expected 1000 bytes a second)");
    assertThat(repository.statistics().failedDownloads()).isEqualTo(1);

    server.sends("m", 1, "model.onnx", (rest, out) -> out.write(rest));
    assertThat(fetch().file()).hasBinaryContent(new byte[SIZE]);
    assertThat(server.downloads())
        .hasSize(2)
        .satisfies(
            downloads -> assertThat(downloads.getLast()).matches("m/1/model.onnx@20\\d\\d"),
            downloads -> assertThat(downloads.getFirst()).isEqualTo("m/1/model.onnx@0"));
  }

  @Test
  void anAnswerThatNeverBeginsIsGivenUpAsWell() {
    server.sends("m", 1, "model.onnx", (rest, out) -> end.await());

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(this::fetch)
        .withMessageContaining("given up after 0 of 5000 bytes: 0 bytes in the last 1 s");
  }

  @Test
  void whatIsSlowAndFastEnoughComes() throws IOException {
    server.sends(
        "m",
        1,
        "model.onnx",
        (rest, out) -> {
          for (int i = 0; i < rest.length; i += 500) {
            out.write(rest, i, 500);
            out.flush();
            end.await(200, TimeUnit.MILLISECONDS);
          }
        });

    assertThat(fetch().file()).hasBinaryContent(new byte[SIZE]);
  }

  @Test
  void aConnectionThatBreaksSaysHowFarItCame() {
    server.sends(
        "m",
        1,
        "model.onnx",
        (rest, out) -> {
          out.write(rest, 0, 1_234);
          out.flush();
        });

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(this::fetch)
        .withMessageContaining("1/model.onnx: ")
        .withMessageContaining("1234 of 5000 bytes");
  }
}
