// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.batching.Fairness;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ServedVersionTest {
  private static final long NEVER = Long.MAX_VALUE;

  private final ScriptedBackend backend = new ScriptedBackend();
  private final List<ServedVersion> started = new ArrayList<>();

  /** Holds the replica inside its run until counted down. */
  private final CountDownLatch gate = new CountDownLatch(1);

  private final CountDownLatch running = new CountDownLatch(1);

  @AfterEach
  void everythingIsFreed() throws Exception {
    gate.countDown();
    for (ServedVersion served : started) {
      served.close(TimeUnit.SECONDS.toNanos(10));
    }
    assertThat(backend.openRunners).hasValue(0);
    assertThat(backend.openModels).hasValue(0);
  }

  private ServedVersion start(int maxBatchSize, int maxQueuedRows) throws Exception {
    ModelManifest manifest =
        new ModelManifest(
            ScriptedBackend.NAME,
            "",
            ModelManifest.DEFAULT.versionPolicy(),
            1,
            new ModelManifest.Limits(maxQueuedRows, 1 << 20, 1000, 0),
            ModelManifest.DEFAULT.scheduling(),
            new ModelOptions(OptionalInt.of(maxBatchSize), 1, List.of(), List.of(), Map.of()),
            List.of(),
            true,
            List.of());
    ServedVersion served =
        new Loader(
                Map.of(ScriptedBackend.NAME, backend),
                Inlining.OFF,
                Fairness.NONE,
                new Janitor(RunLimits.DEFAULT, System::nanoTime),
                System::nanoTime)
            .load(new ModelArtifact("m", 1, Path.of("nowhere")), manifest, () -> {});
    backend.batches.clear();
    started.add(served);
    return served;
  }

  private static RecordedTask send(ServedVersion served, int... values) throws InferException {
    assertThat(served.acquire()).isTrue();
    return RecordedTask.submit(served, NEVER, values);
  }

  private void holdRuns() {
    backend.script =
        values -> {
          running.countDown();
          try {
            gate.await();
          } catch (InterruptedException e) {
            throw new ModelRunException("interrupted", e);
          }
          return values;
        };
  }

  private static Failure failureOf(RecordedTask task) throws Exception {
    try {
      throw new AssertionError("answered " + task.answer.get(10, TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof InferException cause) {
        return cause.failure();
      }
      throw e;
    }
  }

  @Test
  void answersEachRequestWithItsOwnRowsOfTheBatch() throws Exception {
    ServedVersion served = start(8, 100);
    holdRuns();
    RecordedTask first = send(served, 1);
    running.await();

    RecordedTask second = send(served, 2, 3);
    RecordedTask third = send(served, 4);
    gate.countDown();

    assertThat(first.answer.get()).containsExactly(1);
    assertThat(second.answer.get()).containsExactly(2, 3);
    assertThat(third.answer.get()).containsExactly(4);
    assertThat(backend.batches).containsExactly(List.of(1), List.of(2, 3, 4));
    await().until(() -> served.inFlight() == 0);
    assertThat(List.of(first, second, third)).allMatch(task -> task.releases.get() == 1);
  }

  @Test
  void failsOnlyThePoisonousRowOfABatch() throws Exception {
    ServedVersion served = start(8, 100);
    holdRuns();
    RecordedTask first = send(served, 0);
    running.await();
    List<RecordedTask> tasks = new ArrayList<>();
    for (int value = 1; value <= 8; value++) {
      tasks.add(send(served, value));
    }
    backend.script =
        values -> {
          if (values.contains(5)) {
            throw new ModelRunException("poisoned by 5", null);
          }
          return values;
        };
    gate.countDown();

    assertThat(first.answer.get()).containsExactly(0);
    for (RecordedTask task : tasks) {
      int value = tasks.indexOf(task) + 1;
      if (value == 5) {
        assertThat(failureOf(task)).isEqualTo(new Failure(Failure.Kind.ENGINE, "poisoned by 5"));
      } else {
        assertThat(task.answer.get()).containsExactly(value);
      }
    }
    assertThat(served.statistics().snapshot().failed()).isEqualTo(1);
  }

  @Test
  void runsABatchThatDoesNotFitInHalvesAndTheNextInSmallerBatches() throws Exception {
    ServedVersion served = start(8, 100);
    holdRuns();
    RecordedTask first = send(served, 0);
    running.await();
    List<RecordedTask> tasks = new ArrayList<>();
    for (int value = 1; value <= 16; value++) {
      tasks.add(send(served, value));
    }
    backend.script =
        values -> {
          if (values.size() > 4) {
            throw ModelRunException.on(Device.gpu(0), "CUDA failure 2: out of memory ;", null);
          }
          return values;
        };
    gate.countDown();

    assertThat(first.answer.get()).containsExactly(0);
    for (RecordedTask task : tasks) {
      assertThat(task.answer.get()).containsExactly(tasks.indexOf(task) + 1);
    }
    List<Integer> sizes = backend.batches.stream().map(List::size).toList();
    assertThat(sizes).startsWith(1, 8, 4, 4);
    assertThat(sizes.subList(2, sizes.size()))
        .as("one did not fit, and no other was tried of that size")
        .allMatch(size -> size <= 4);
  }

  @Test
  void saysThatARequestDoesNotFitThatRunsAlone() throws Exception {
    ServedVersion served = start(8, 100);
    backend.script =
        values -> {
          throw ModelRunException.on(Device.gpu(0), "CUDA failure 2: out of memory ;", null);
        };

    assertThat(failureOf(send(served, 7)))
        .isEqualTo(
            new Failure(
                Failure.Kind.OVERLOADED, "gpu:0: out of memory: CUDA failure 2: out of memory ;"));
  }

  @Test
  void failsABatchAsAWholeWhoseDeviceIsLostAndTellsOnce() throws Exception {
    ServedVersion served = start(8, 100);
    List<DeviceLoss> losses = new ArrayList<>();
    served.onLoss(losses::add);
    holdRuns();
    RecordedTask first = send(served, 0);
    running.await();
    List<RecordedTask> tasks = List.of(send(served, 1), send(served, 2), send(served, 3));
    backend.script =
        values -> {
          throw ModelRunException.on(Device.gpu(0), "CUDA failure 719: launch ;", null);
        };
    gate.countDown();

    assertThat(first.answer.get()).containsExactly(0);
    String reason = "gpu:0: lost: CUDA failure 719: launch ;";
    for (RecordedTask task : tasks) {
      assertThat(failureOf(task)).isEqualTo(new Failure(Failure.Kind.NOT_READY, reason));
    }
    assertThat(backend.batches).containsExactly(List.of(0), List.of(1, 2, 3));
    assertThat(losses).containsExactly(new DeviceLoss(Device.gpu(0), reason));
  }

  @Test
  void replacesAReplicaThatHasFailedWhenAPauseIsOver() throws Exception {
    ServedVersion served = start(8, 100);
    holdRuns();
    RecordedTask first = send(served, 0);
    running.await();
    List<RecordedTask> tasks = new ArrayList<>();
    for (int value = 1; value <= 2; value++) {
      assertThat(served.acquire()).isTrue();
      RecordedTask task = RecordedTask.of(served, NEVER, value);
      task.sink =
          () -> {
            throw new AssertionError("no way out");
          };
      served.submit(task);
      tasks.add(task);
    }
    backend.script =
        values -> {
          throw new ModelRunException("told to fail", null);
        };
    gate.countDown();

    assertThat(first.answer.get()).containsExactly(0);
    for (RecordedTask task : tasks) {
      assertThat(failureOf(task).kind()).isEqualTo(Failure.Kind.ENGINE);
    }
    await().until(() -> served.replicaCount() == 0);
    assertThat(served.wantedReplicas()).isEqualTo(1);
    await().until(() -> served.missingReplicas().equals("0 of 1 replicas: no way out"));
    assertThat(tasks).allMatch(task -> task.releases.get() == 1);
    assertThat(backend.openRunners).hasValue(0);
    assertThat(served.takeTopUp()).as("it may fail again").isFalse();

    backend.script = values -> values;
    await().until(served::takeTopUp);
    served.topUp();

    assertThat(served.replicaCount()).isEqualTo(1);
    assertThat(served.missingReplicas()).isEmpty();
    assertThat(send(served, 7).answer.get()).containsExactly(7);
  }

  @Test
  void treatsAnAnswerWithTheWrongNumberOfRowsAsAFailure() throws Exception {
    ServedVersion served = start(8, 100);
    backend.script = values -> List.of(1, 2, 3);

    assertThat(failureOf(send(served, 7)).detail()).isEqualTo("output 'y': 3 rows (expected 1)");
  }

  @Test
  void survivesAnEngineThatThrowsSomethingElse() throws Exception {
    ServedVersion served = start(8, 100);
    backend.script =
        values -> {
          throw new IllegalStateException("a bug");
        };
    assertThat(failureOf(send(served, 7)).kind()).isEqualTo(Failure.Kind.ENGINE);

    backend.script = values -> values;
    assertThat(send(served, 7).answer.get()).containsExactly(7);
  }

  @Test
  void refusesWhatTheQueueCannotHold() throws Exception {
    ServedVersion served = start(1, 2);
    holdRuns();
    send(served, 1);
    running.await();
    RecordedTask waiting = send(served, 2, 3);

    Failure failure = failureOf(send(served, 4));

    assertThat(failure.kind()).isEqualTo(Failure.Kind.OVERLOADED);
    assertThat(failure.detail()).isEqualTo("model 'm': 2 rows wait (limit 2, max_queued_rows)");
    gate.countDown();
    assertThat(waiting.answer.get()).containsExactly(2, 3);
  }

  @Test
  void neverRunsWhatWasCancelledInTheQueue() throws Exception {
    ServedVersion served = start(8, 100);
    holdRuns();
    RecordedTask first = send(served, 1);
    running.await();
    RecordedTask cancelled = send(served, 2);

    cancelled.cancel();

    assertThat(failureOf(cancelled).kind()).isEqualTo(Failure.Kind.CANCELLED);
    gate.countDown();
    assertThat(first.answer.get()).containsExactly(1);
    await().until(() -> served.inFlight() == 0);
    assertThat(backend.batches).containsExactly(List.of(1));
    assertThat(cancelled.releases).hasValue(1);
  }

  @Test
  void discardsTheAnswerOfWhatWasCancelledWhileItRan() throws Exception {
    ServedVersion served = start(8, 100);
    holdRuns();
    RecordedTask task = send(served, 1);
    running.await();

    task.cancel();
    gate.countDown();

    await().until(() -> served.inFlight() == 0);
    assertThat(task.answer).isNotDone();
    assertThat(task.releases).hasValue(1);
    assertThat(served.statistics().snapshot().failures()).containsEntry(Failure.Kind.CANCELLED, 1L);
  }

  @Test
  void answersExpiredRequestsWhileEveryReplicaIsBusy() throws Exception {
    ServedVersion served = start(8, 100);
    holdRuns();
    send(served, 1);
    running.await();
    assertThat(served.acquire()).isTrue();
    RecordedTask expiring = RecordedTask.submit(served, served.nanoTime() + 1_000_000, 2);

    await()
        .pollInterval(Duration.ofMillis(2))
        .until(
            () -> {
              served.sweep();
              return expiring.answer.isDone();
            });

    assertThat(failureOf(expiring).kind()).isEqualTo(Failure.Kind.EXPIRED);
    assertThat(served.queuedRows()).isZero();
  }

  @Test
  void waitsForItsLastLeaseBeforeTheModelIsFreed() throws Exception {
    ServedVersion served = start(8, 100);
    holdRuns();
    RecordedTask task = send(served, 1);
    running.await();

    Thread closing =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    served.close(TimeUnit.SECONDS.toNanos(20));
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                });
    await().until(() -> !tryLease(served));
    assertThat(backend.openModels).hasValue(1);
    gate.countDown();
    closing.join();
    started.clear();

    assertThat(task.answer.get()).containsExactly(1);
    assertThat(backend.openModels).hasValue(0);
    assertThat(backend.openRunners).hasValue(0);
  }

  private static boolean tryLease(ServedVersion served) {
    boolean leased = served.acquire();
    if (leased) {
      served.release();
    }
    return leased;
  }

  @Test
  void runsRequestsOfAnUnbatchedModelOneAtATime() throws Exception {
    backend.signature =
        s ->
            new ModelSignature(
                s.inputs(), s.outputs(), new ModelSignature.Batching.Unbatched("told so"));
    ServedVersion served = start(0, 100);
    backend.batches.clear();
    holdRuns();
    send(served, 1);
    running.await();
    RecordedTask second = send(served, 2);
    RecordedTask third = send(served, 3);
    gate.countDown();

    second.answer.get();
    third.answer.get();
    assertThat(backend.batches).containsExactly(List.of(1), List.of(2), List.of(3));
    assertThat(served.describeBatching()).isEqualTo("one request at a time: told so");
  }

  @Test
  void runsARequestOfMoreRowsThanTheCapAlone() throws Exception {
    ServedVersion served = start(2, 100);
    holdRuns();
    send(served, 1);
    running.await();
    RecordedTask large = send(served, 2, 3, 4);
    RecordedTask small = send(served, 5);
    gate.countDown();

    assertThat(large.answer.get()).containsExactly(2, 3, 4);
    assertThat(small.answer.get()).containsExactly(5);
    assertThat(backend.batches).containsExactly(List.of(1), List.of(2, 3, 4), List.of(5));
  }

  @Test
  void countsWhatItDid() throws Exception {
    ServedVersion served = start(8, 100);
    send(served, 1, 2).answer.get();
    send(served, 3).answer.get();
    await().until(() -> served.inFlight() == 0);

    ServingStatistics.Snapshot snapshot = served.statistics().snapshot();

    assertThat(snapshot.requests()).isEqualTo(2);
    assertThat(snapshot.rows()).isEqualTo(3);
    assertThat(snapshot.batches()).isEqualTo(2);
    assertThat(snapshot.runNanos()).isEqualTo(4);
    assertThat(snapshot.byBatchSize())
        .extracting(ServingStatistics.BatchSize::rows)
        .containsExactly(1, 2);
    assertThat(snapshot.queueTimes().count()).isEqualTo(2);
    assertThat(snapshot.batchRows().sum()).isEqualTo(3);
  }

  @Test
  void refusesAnUnknownBackendByName() {
    assertThatThrownBy(
            () ->
                new Loader(
                        Map.of(ScriptedBackend.NAME, backend),
                        Inlining.OFF,
                        Fairness.NONE,
                        new Janitor(RunLimits.DEFAULT, System::nanoTime),
                        System::nanoTime)
                    .load(
                        new ModelArtifact("m", 1, Path.of("nowhere")),
                        ModelManifest.DEFAULT,
                        () -> {}))
        .hasMessage("backend: 'onnxruntime' (expected one of [scripted])");
  }
}
