// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.device.Placement;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.Padding;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.repository.ModelManifest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of a model whose GPU fails. */
@Timeout(30)
final class DeviceLossTest {
  private static final Device GPU_0 = Device.gpu(0);
  private static final Device GPU_1 = Device.gpu(1);
  private static final String LOST = "CUDA failure 719: unspecified launch failure ;";
  private static final String FULL = "CUDA failure 2: out of memory ;";

  private final ScriptedBackend backend = new ScriptedBackend();
  private final ListedRepository repository = new ListedRepository();
  private final Routes routes = new Routes(() -> {});
  private final Reconciler reconciler =
      TestReconcilers.of(repository, backend, routes, MemoryLedger.unlimited(), System::nanoTime);

  @AfterEach
  void everythingIsFreed() {
    reconciler.close();
    assertThat(backend.openModels).hasValue(0);
    assertThat(backend.openRunners).hasValue(0);
    assertThat(repository.fetched).hasValue(0);
  }

  private void start(String device, Device... gpus) throws InterruptedException {
    List<DeviceStatus> statuses =
        Stream.of(gpus).map(gpu -> DeviceStatus.usable(gpu, "CUDA", "")).toList();
    backend.devices = Optional.of(new EngineDevices("scripted", "here", statuses));
    ModelManifest manifest = ListedRepository.MANIFEST;
    repository.put(
        new ModelEntry(
            "m",
            new ModelManifest(
                manifest.backend(),
                "",
                manifest.versionPolicy(),
                1,
                manifest.limits(),
                manifest.scheduling(),
                new ModelOptions(
                    OptionalInt.empty(),
                    1,
                    List.of(),
                    List.of(),
                    Placement.of(device).orElseThrow(),
                    0,
                    Map.of(),
                    Padding.NONE),
                List.of(),
                true,
                List.of()),
            List.of(new ModelVersion(1, "a", true, Optional.empty())),
            Optional.empty()));
    reconciler.start(0, TimeUnit.DAYS.toNanos(1));
    reconciler.awaitFirstPass();
  }

  /** From now on every run on a GPU fails. */
  private void breakGpus(String text) {
    backend.script =
        values -> {
          Device device = backend.loads.getLast();
          if (device.isGpu()) {
            throw ModelRunException.on(device, text, null);
          }
          return values;
        };
  }

  private RecordedTask send(int value) throws InferException {
    return RecordedTask.submit(
        routes.acquire("m", "", Routes.Caller.ANYBODY), Long.MAX_VALUE, value);
  }

  private static Failure.Kind kindOfFailure(RecordedTask task) throws Exception {
    try {
      throw new AssertionError("answered " + task.answer.get());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof InferException cause) {
        return cause.failure().kind();
      }
      throw e;
    }
  }

  private ModelStatus status() {
    return routes.statuses().getFirst();
  }

  private void awaitState(VersionState state) {
    await().until(() -> status().state() == state && !status().reason().isEmpty());
  }

  @Test
  void aModelWhoseGpuIsLostMovesToTheProcessorAndSaysWhy() throws Exception {
    start("auto", GPU_0);
    breakGpus(LOST);

    assertThat(kindOfFailure(send(7))).isEqualTo(Failure.Kind.NOT_READY);
    awaitState(VersionState.READY);

    assertThat(status().reason()).isEqualTo("not on a GPU: CUDA: gpu:0: lost: " + LOST);
    assertThat(send(8).answer.get()).containsExactly(8);
    assertThat(backend.loads).containsExactly(GPU_0, Device.CPU);
  }

  /** From now on no runner gets ready on a GPU. */
  private void breakAttaching() {
    backend.attaching =
        () -> {
          if (backend.loads.getLast().isGpu()) {
            throw ModelRunException.on(GPU_0, LOST, null);
          }
        };
  }

  @Test
  void aModelWhoseGpuIsLostWhileItsReplicasGetReadyMovesToTheProcessor() throws Exception {
    breakAttaching();
    start("auto", GPU_0);

    assertThat(status().state()).isEqualTo(VersionState.READY);
    assertThat(status().reason())
        .isEqualTo("not on a GPU: the model cannot run: gpu:0: lost: " + LOST);
    assertThat(backend.loads).containsExactly(GPU_0, Device.CPU);
    assertThat(backend.openModels).hasValue(1);
  }

  @Test
  void aModelWhoseGpuIsLostWhenItGetsOneMoreReplicaMovesToo() throws Exception {
    start("auto", GPU_0);
    breakAttaching();
    routes.ready("m").getFirst().scaleTo(2);

    await().until(() -> backend.loads.equals(List.of(GPU_0, Device.CPU)));
    awaitState(VersionState.READY);
  }

  @Test
  void aModelGoesFromGpuToGpuOnceEachAndThenToTheProcessor() throws Exception {
    start("auto", GPU_0, GPU_1);
    breakGpus(LOST);

    assertThat(kindOfFailure(send(7))).isEqualTo(Failure.Kind.NOT_READY);
    awaitState(VersionState.READY);

    assertThat(backend.loads).as("the warm-up shows it").containsExactly(GPU_0, GPU_1, Device.CPU);
    assertThat(send(8).answer.get()).containsExactly(8);
  }

  @Test
  void aModelThatRequiresItsGpuIsTakenDownAndNotTriedInALoop() throws Exception {
    start("require gpu", GPU_0);
    breakGpus(LOST);

    assertThat(kindOfFailure(send(7))).isEqualTo(Failure.Kind.NOT_READY);
    awaitState(VersionState.FAILED);

    assertThat(status().reason()).isEqualTo("device: require gpu: CUDA: gpu:0: lost: " + LOST);
    reconciler.reconcile();
    assertThat(backend.loads).containsExactly(GPU_0);
    await().untilAsserted(() -> assertThat(backend.openModels).hasValue(0));
  }

  @Test
  void aModelThatCannotRunOneRowOnItsGpuIsLoadedOntoTheProcessor() throws Exception {
    breakGpus(FULL);
    start("auto", GPU_0);

    assertThat(status().state()).isEqualTo(VersionState.READY);
    assertThat(status().reason())
        .isEqualTo("not on a GPU: the model cannot run: gpu:0: out of memory: " + FULL);
    assertThat(backend.loads).containsExactly(GPU_0, Device.CPU);
    assertThat(backend.openModels).hasValue(1);
  }
}
