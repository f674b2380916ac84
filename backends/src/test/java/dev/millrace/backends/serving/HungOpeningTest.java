// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.batching.Fairness;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The second of two replicas on a GPU that does not answer when it is to get ready. */
@Timeout(30)
final class HungOpeningTest {
  private static final Device GPU = Device.gpu(0);
  private static final long MIB = 1 << 20;

  private final ScriptedBackend backend = new ScriptedBackend();
  private final AtomicLong now = new AtomicLong();
  private final GpuLedger gpuMemory = new GpuLedger(Map.of(GPU, 100 * MIB));
  private final CountDownLatch hanging = new CountDownLatch(1);
  private final CountDownLatch answers = new CountDownLatch(1);
  private final AtomicInteger attached = new AtomicInteger();
  private final Loader loader =
      new Loader(
          Map.of(ScriptedBackend.NAME, backend),
          gpuMemory,
          Inlining.OFF,
          Fairness.NONE,
          new Janitor(RunLimits.DEFAULT, now::get),
          now::get);

  @BeforeEach
  void hang() {
    backend.devices =
        Optional.of(
            new EngineDevices("scripted", "here", List.of(DeviceStatus.usable(GPU, "CUDA", ""))));
    backend.ownWeights = true;
    backend.attaching =
        () -> {
          if (attached.incrementAndGet() == 2) {
            hanging.countDown();
            try {
              answers.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          }
        };
  }

  @AfterEach
  void theThreadThatWasLeftBehindEndsWhenItIsAnswered() {
    answers.countDown();
    await().until(() -> backend.openRunners.get() == 0);
  }

  private FutureTask<Throwable> load() throws InterruptedException {
    FutureTask<Throwable> load =
        new FutureTask<>(
            () ->
                catchThrowable(
                    () ->
                        loader.load(
                            new ModelArtifact("m", 1, Path.of("nowhere"), 20 * MIB, Map.of()),
                            ListedRepository.MANIFEST.withReplicas(2),
                            () -> {})));
    Thread.ofPlatform().start(load);
    hanging.await();
    return load;
  }

  @Test
  void isWaitedForSoLongAndLeftBehindWithWhatItUses() throws Exception {
    FutureTask<Throwable> load = load();
    await()
        .until(
            () -> {
              now.addAndGet(Opening.LIMIT.toNanos());
              return load.isDone();
            });

    assertThat(load.get())
        .isInstanceOf(HungLoadException.class)
        .hasMessageMatching("replica [12] of 2 did not answer within [0-9]+ s, and is left behind");
    assertThat(backend.openModels).hasValue(1);
    assertThat(backend.openRunners).as("that of the one that answered is closed").hasValue(1);
    assertThat(gpuMemory.freeBytes(GPU)).isLessThanOrEqualTo(60 * MIB);
  }

  @Test
  void isNotWaitedForWhenTheGatewayStops() throws Exception {
    FutureTask<Throwable> load = load();
    loader.stop();

    assertThat(load.get()).hasMessageMatching("replica [12] of 2 is not waited for any more");
  }
}
