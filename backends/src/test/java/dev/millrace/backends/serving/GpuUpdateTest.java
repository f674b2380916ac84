// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.repository.ModelEntry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** New versions of a model on a GPU that has no memory for two. */
@Timeout(30)
class GpuUpdateTest {
  private static final Device GPU = Device.gpu(0);
  private static final long MIB = 1 << 20;

  private final ScriptedBackend backend = new ScriptedBackend();
  private final ListedRepository repository = new ListedRepository();
  private final Routes routes = new Routes(() -> {});
  private final GpuLedger gpuMemory = new GpuLedger(Map.of(GPU, 100 * MIB));
  private final Reconciler reconciler =
      TestReconcilers.of(
          repository,
          backend,
          routes,
          new MemoryLedger(Long.MAX_VALUE, gpuMemory, System::nanoTime),
          System::nanoTime);

  @BeforeEach
  void serveTwoModelsOnTheGpu() throws InterruptedException {
    backend.devices =
        Optional.of(
            new EngineDevices("scripted", "here", List.of(DeviceStatus.usable(GPU, "CUDA", ""))));
    repository.bytes.put("a", 15 * MIB);
    repository.bytes.put("m", 20 * MIB);
    repository.put("a", 1, "a");
    repository.put("m", 1, "a");
    reconciler.start(0, TimeUnit.DAYS.toNanos(1));
    reconciler.awaitFirstPass();
    assertThat(backend.loads).containsExactly(GPU, GPU);
  }

  @AfterEach
  void everythingIsFreed() {
    reconciler.close();
    assertThat(backend.openModels).hasValue(0);
    assertThat(repository.fetched).hasValue(0);
    assertThat(gpuMemory.freeBytes(GPU)).isEqualTo(100 * MIB);
  }

  private List<Long> serving() {
    return routes.ready("m").stream().map(ServedVersion::version).toList();
  }

  private ModelStatus status(long version) {
    return routes.statuses().stream()
        .filter(status -> status.name().equals("m") && status.version() == version)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void waitWhileTheVersionBeforeGoesOnUntilThereIsMemoryForBoth() throws Exception {
    repository.put("m", 2, "b");
    reconciler.reconcile();

    assertThat(status(2).state()).isEqualTo(VersionState.FAILED);
    assertThat(status(2).reason())
        .isEqualTo(
            "gpu:0: needs about 40.0 MiB of its memory, and 30.0 MiB of 100.0 MiB are free"
                + " (gpu_memory_budget); another version of this model holds 40.0 MiB and goes"
                + " on: free memory, or set gpu_memory_budget");
    assertThat(serving()).containsExactly(1L);
    assertThat(backend.loads).as("none on the processor").containsExactly(GPU, GPU);

    repository.remove("a");
    reconciler.reconcile();

    await().until(() -> serving().equals(List.of(2L)));
    assertThat(backend.loads).containsExactly(GPU, GPU, GPU);
  }

  @Test
  void thatAreLoadedWhileTheirMemoryIsBeingFreedWaitForIt() throws Exception {
    ServedVersion before = routes.acquire("m", "", Routes.Caller.ANYBODY);
    repository.remove("m");
    reconciler.reconcile();
    repository.put("m", 2, "b");
    reconciler.reconcile();

    assertThat(status(2).reason()).endsWith("(gpu_memory_budget); 40.0 MiB are being freed");
    before.release();

    await().until(() -> serving().equals(List.of(2L)));
    assertThat(backend.loads).containsExactly(GPU, GPU, GPU);
  }

  @Test
  void takeOverWhenTheirReplicasAreReadyAndNotBefore() throws Exception {
    repository.remove("a");
    reconciler.reconcile();
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch ready = new CountDownLatch(1);
    backend.attaching =
        () -> {
          begun.countDown();
          try {
            ready.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    repository.put("m", 2, "b");
    FutureTask<Boolean> control =
        new FutureTask<>(
            () -> {
              reconciler.reconcile();
              return true;
            });
    Thread.ofPlatform().start(control);

    begun.await();
    assertThat(serving()).containsExactly(1L);
    await().ignoreExceptions().until(() -> status(2).state() != VersionState.READY);

    ready.countDown();
    assertThat(control.get()).isTrue();
    await().until(() -> serving().equals(List.of(2L)));
  }

  /** A version of the model with two replicas, whose weights take 20 MiB of the GPU each. */
  private void serveTwoReplicas(long version) throws Exception {
    repository.put(
        new ModelEntry(
            "m",
            ListedRepository.MANIFEST.withReplicas(2),
            List.of(new ModelEntry.ModelVersion(version, "of " + version, true, Optional.empty())),
            Optional.empty()));
    reconciler.reconcile();
    await().until(() -> serving().equals(List.of(version)));
  }

  private void serveTwoReplicasBesideTheOther() throws Exception {
    repository.remove("m");
    reconciler.reconcile();
    await().until(() -> backend.openModels.get() == 1);
    backend.ownWeights = true;
    repository.bytes.put("m", 10 * MIB);
    serveTwoReplicas(2);
    assertThat(gpuMemory.freeBytes(GPU)).isEqualTo(30 * MIB);
  }

  @Test
  void getTheReplicasThatTheyLackWhenTheVersionBeforeIsGone() throws Exception {
    serveTwoReplicasBesideTheOther();
    ServedVersion before = routes.acquire("m", "", Routes.Caller.ANYBODY);
    serveTwoReplicas(3);
    ServedVersion served = routes.ready("m").getFirst();

    assertThat(served.replicaCount()).isEqualTo(1);
    assertThat(served.wantedReplicas()).isEqualTo(2);
    assertThat(status(3).reason())
        .isEqualTo(
            "1 of 2 replicas: one more replica, with weights of its own: gpu:0: needs about"
                + " 20.0 MiB of its memory, and 10.0 MiB of 100.0 MiB are free"
                + " (gpu_memory_budget)");
    before.release();

    await().until(() -> served.replicaCount() == 2);
    await().until(() -> status(3).reason().isEmpty());
    assertThat(gpuMemory.freeBytes(GPU)).isEqualTo(30 * MIB);
  }

  @Test
  void waitForAllThatIsBeingFreedAndNotForTheFirstReplicasMemoryOnly() throws Exception {
    serveTwoReplicasBesideTheOther();
    ServedVersion before = routes.acquire("m", "", Routes.Caller.ANYBODY);
    repository.remove("m");
    reconciler.reconcile();
    repository.bytes.put("m", 20 * MIB);
    repository.put("m", 3, "c");
    reconciler.reconcile();

    assertThat(status(3).reason()).endsWith("(gpu_memory_budget); 40.0 MiB are being freed");
    before.release();

    await().until(() -> serving().equals(List.of(3L)));
    assertThat(backend.loads).containsOnly(GPU);
  }

  @Test
  void haveAsManyReplicasAsTheEngineFindsMemoryForAndTheOthersLater() throws Exception {
    repository.remove("a");
    repository.remove("m");
    reconciler.reconcile();
    await().until(() -> backend.openModels.get() == 0);
    backend.ownWeights = true;
    backend.fittingRunners = 1;
    serveTwoReplicas(2);
    ServedVersion served = routes.ready("m").getFirst();

    assertThat(served.replicaCount()).isEqualTo(1);
    assertThat(status(2).reason())
        .isEqualTo("1 of 2 replicas: gpu:0: out of memory: CUDA failure 2: out of memory ;");
    assertThat(gpuMemory.freeBytes(GPU)).as("of 100, for one").isEqualTo(60 * MIB);
    backend.fittingRunners = 2;

    await().until(() -> served.replicaCount() == 2);
    assertThat(gpuMemory.freeBytes(GPU)).isEqualTo(20 * MIB);
  }

  @Test
  void goElsewhereIfTheEngineFindsMemoryForNotASingleReplica() throws Exception {
    backend.fittingRunners = 0;
    repository.bytes.put("b", MIB);
    repository.put("b", 1, "b");
    reconciler.reconcile();

    assertThat(backend.loads).containsExactly(GPU, GPU, GPU, Device.CPU);
  }

  @Test
  void haveAsManyReplicasWithWeightsOfTheirOwnAsThereIsMemoryFor() throws Exception {
    repository.remove("a");
    repository.remove("m");
    reconciler.reconcile();
    await().until(() -> backend.openModels.get() == 0);
    backend.ownWeights = true;
    repository.put(
        new ModelEntry(
            "m",
            ListedRepository.MANIFEST.withReplicas(3),
            List.of(new ModelEntry.ModelVersion(2, "b", true, Optional.empty())),
            Optional.empty()));
    reconciler.reconcile();

    await().until(() -> serving().equals(List.of(2L)));
    assertThat(routes.ready("m").getFirst().replicaCount()).as("of 40 MiB each").isEqualTo(2);
    assertThat(gpuMemory.freeBytes(GPU)).isEqualTo(20 * MIB);
  }
}
