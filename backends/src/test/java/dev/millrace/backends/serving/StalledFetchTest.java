// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.mlflow.Credentials;
import dev.millrace.backends.mlflow.MlflowSource;
import dev.millrace.backends.mlflow.ToyMlflow;
import dev.millrace.backends.remote.ContentCache;
import dev.millrace.backends.remote.RemoteRepository;
import java.io.IOException;
import java.io.OutputStream;
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

/** A download that stalls, over a real connection, and what else goes on meanwhile. */
@Timeout(60)
class StalledFetchTest {

  /** A read of its own waits for 20 s: what ends sooner was ended. */
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir private Path folder;
  private final CountDownLatch connectionEnded = new CountDownLatch(1);
  private final CountDownLatch end = new CountDownLatch(1);
  private final InstantSource clock = InstantSource.system();
  private ToyMlflow server;
  private ContentCache cache;
  private RemoteRepository repository;
  private TestDeployments deployments;

  @BeforeEach
  void start() throws IOException {
    server = new ToyMlflow();
    cache = new ContentCache(folder, 16 << 20, clock);
    repository =
        new RemoteRepository(
            new MlflowSource(server.uri(), Credentials.NONE, System::nanoTime),
            cache,
            Map.of(ScriptedBackend.NAME, "model.onnx"),
            clock,
            System::nanoTime);
    deployments = new TestDeployments(repository, System::nanoTime);
    put("slow");
    put("fast");
    server.sends("slow", 1, "model.onnx", this::stall);
    deployments.start();
  }

  @AfterEach
  void close() {
    end.countDown();
    deployments.close();
    cache.close();
    server.close();
    assertThat(deployments.backend.openModels).hasValue(0);
  }

  private void put(String model) {
    server.put(model, 1, "model.yaml", "backend: scripted".getBytes(UTF_8));
    server.put(model, 1, "model.onnx", new byte[1 << 20]);
  }

  /** Sends a little and then so little, a byte now and then, that only who waits notices. */
  private void stall(byte[] rest, OutputStream out) throws InterruptedException {
    try {
      out.write(rest, 0, 1_000);
      for (int i = 1_000; !end.await(100, TimeUnit.MILLISECONDS); i++) {
        out.write(rest, i, 1);
        out.flush();
      }
    } catch (IOException e) {
      connectionEnded.countDown();
    }
  }

  private void deploy(String name) throws Exception {
    deployments.apply(name, name, Autoscaling.OFF, "{}");
  }

  private VersionState state(String model) {
    return deployments.routes.statuses().stream()
        .filter(status -> status.name().equals(model))
        .findFirst()
        .map(ModelStatus::state)
        .orElse(VersionState.UNLOADED);
  }

  private void deployTheSlowOne() throws Exception {
    deploy("slow");
    await().until(() -> repository.statistics().downloadedBytes() > 1_000);
  }

  @Test
  void holdsUpNoOtherModel() throws Exception {
    deployTheSlowOne();

    deploy("fast");

    await().atMost(SOON).until(() -> state("fast") == VersionState.READY);
    assertThat(state("slow")).isEqualTo(VersionState.FETCHING);
  }

  @Test
  void endsWhenItsDeploymentIsDeleted() throws Exception {
    deployTheSlowOne();

    deployments.declared.delete("slow", "test");

    assertThat(connectionEnded.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(state("slow")).isEqualTo(VersionState.UNLOADED);
    assertThat(repository.statistics().failedDownloads()).as("it was not the server's").isZero();
    assertThat(repository.statistics().unreachableNanos()).isZero();
  }

  @Test
  void endsWhenTheGatewayStops() throws Exception {
    deployTheSlowOne();

    deployments.close();

    assertThat(connectionEnded.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void goesOnWhereItWasWhenItIsDeployedAgain() throws Exception {
    deployTheSlowOne();
    deployments.declared.delete("slow", "test");
    assertThat(connectionEnded.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    server.sends("slow", 1, "model.onnx", (rest, out) -> out.write(rest));

    deploy("slow");

    await().atMost(SOON).until(() -> state("slow") == VersionState.READY);
    assertThat(server.downloads()).anyMatch(d -> d.matches("slow/1/model.onnx@1[0-9]{3}"));
  }
}
