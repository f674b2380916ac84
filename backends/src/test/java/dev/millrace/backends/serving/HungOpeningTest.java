// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.batching.Fairness;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The second of two replicas on a GPU that does not answer when it is to get ready. */
@Timeout(30)
final class HungOpeningTest {
  private static final Device GPU = Device.gpu(0);
  private static final long MIB = 1 << 20;
  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

  private final ScriptedBackend backend = new ScriptedBackend();
  private final AtomicLong now = new AtomicLong();
  private final GpuLedger gpuMemory = new GpuLedger(Map.of(GPU, 100 * MIB));
  private final CountDownLatch hanging = new CountDownLatch(1);
  private final CompletableFuture<@Nullable Void> answers = new CompletableFuture<>();
  private final AtomicInteger attached = new AtomicInteger();
  private volatile Thread loading = Thread.currentThread();
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
            answers.join();
          }
        };
  }

  @AfterEach
  void theThreadThatWasLeftBehindEndsWhenItIsAnswered() {
    answers.complete(null);
    await().until(() -> backend.openRunners.get() == 0);
  }

  private ServedVersion load() throws Exception {
    return loader.load(
        new ModelArtifact("m", 1, Path.of("nowhere"), 20 * MIB, Map.of()),
        ListedRepository.MANIFEST.withReplicas(2),
        () -> {});
  }

  /** Begins it, until one hangs. */
  private FutureTask<ServedVersion> startLoad() throws InterruptedException {
    FutureTask<ServedVersion> load = new FutureTask<>(this::load);
    loading = Thread.ofPlatform().start(load);
    hanging.await();
    return load;
  }

  private void passTheLimit(FutureTask<?> waiting) {
    await()
        .until(
            () -> {
              now.addAndGet(Opening.LIMIT.toNanos());
              return waiting.isDone();
            });
  }

  @Test
  void isWaitedForSoLongAndLeftBehindWithWhatItUsesWhileTheProcessorServes() throws Exception {
    FutureTask<ServedVersion> load = startLoad();
    passTheLimit(load);

    ServedVersion served = load.get();
    assertThat(served.devices()).containsExactly(Device.CPU);
    assertThat(served.placementNote())
        .matches(
            "not on a GPU: replica [12] of 2 did not answer within [0-9]+ s, and is left behind");
    assertThat(served.close(0)).as("the files are still in use").isFalse();
    assertThat(backend.openModels).hasValue(1);
    assertThat(backend.openRunners).as("that of the one that answered is closed").hasValue(1);
    assertThat(gpuMemory.freeBytes(GPU)).isLessThanOrEqualTo(60 * MIB);
  }

  @Test
  void whateverFailsInItsPlaceItsFilesStayInUse() throws Exception {
    FutureTask<ServedVersion> load = startLoad();
    backend.signature =
        signature -> {
          throw new IllegalStateException("told to fail");
        };
    passTheLimit(load);

    assertThat(catchThrowable(load::get))
        .hasCauseInstanceOf(HungLoadException.class)
        .hasMessageContaining("told to fail");
  }

  @Test
  void isNotWaitedForWhenTheGatewayStops() throws Exception {
    FutureTask<ServedVersion> load = startLoad();
    loader.stop();

    assertThat(catchThrowable(load::get))
        .hasCauseInstanceOf(HungLoadException.class)
        .hasMessageMatching(".* replica [12] of 2 is not waited for any more");
  }

  @Test
  void oneThatIsAboutToAnswerIsNotLeftBehindWhenAnotherHasLostTheGpu() throws Exception {
    AtomicBoolean wasInterrupted = new AtomicBoolean();
    backend.attaching =
        () -> {
          if (!backend.loads.getLast().isGpu()) {
            return;
          }
          if (Thread.currentThread().getName().endsWith("-0")) {
            throw ModelRunException.lost(GPU, "told to fail", null);
          }
          hanging.countDown();
          answers.join();
          wasInterrupted.set(Thread.interrupted());
        };
    FutureTask<ServedVersion> load = startLoad();
    await()
        .until(
            () ->
                Stream.of(loading.getStackTrace())
                    .anyMatch(frame -> frame.getMethodName().equals("awaitEnd")));
    answers.complete(null);

    ServedVersion served = load.get();
    assertThat(wasInterrupted).isFalse();
    assertThat(served.devices()).containsExactly(Device.CPU);
    assertThat(served.close(0)).isTrue();
    assertThat(backend.openModels).hasValue(0);
  }

  @Test
  void oneThatIsMissingIsNotTriedAgainWhileTheLastTryHangs() throws Exception {
    backend.fittingRunners = 1;
    ServedVersion served = load();
    backend.fittingRunners = Integer.MAX_VALUE;
    now.addAndGet(MINUTE);
    assertThat(served.takeTopUp()).isTrue();
    FutureTask<?> topUp = new FutureTask<>(served::topUp, null);
    Thread.ofPlatform().start(topUp);
    hanging.await();
    passTheLimit(topUp);

    now.addAndGet(MINUTE);
    assertThat(served.takeTopUp()).isFalse();
    assertThat(served.untilTopUp()).as("looked at again later").isBetween(1L, MINUTE);
    assertThat(served.missingReplicas()).contains("a further replica did not answer");

    answers.complete(null);
    await()
        .until(
            () -> {
              now.addAndGet(MINUTE);
              return served.takeTopUp();
            });
    served.topUp();
    assertThat(served.replicaCount()).isEqualTo(2);
    assertThat(backend.openRunners).as("the one that was late has left").hasValue(2);
    assertThat(served.close(0)).isTrue();
  }
}
