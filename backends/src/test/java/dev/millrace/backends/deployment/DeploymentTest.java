// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

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
class DeploymentTest {
  private static final long NEVER = Long.MAX_VALUE;

  private final ScriptedBackend backend = new ScriptedBackend();
  private final List<Deployment> started = new ArrayList<>();

  /** Holds the replica inside its run until counted down. */
  private final CountDownLatch gate = new CountDownLatch(1);

  private final CountDownLatch running = new CountDownLatch(1);

  @AfterEach
  void everythingIsFreed() throws Exception {
    gate.countDown();
    for (Deployment deployment : started) {
      deployment.close(TimeUnit.SECONDS.toNanos(10));
    }
    assertThat(backend.openRunners).hasValue(0);
    assertThat(backend.openModels).hasValue(0);
  }

  private Deployment start(int maxBatchSize, int maxQueuedRows) throws Exception {
    ModelManifest manifest =
        new ModelManifest(
            ScriptedBackend.NAME,
            "",
            ModelManifest.DEFAULT.versionPolicy(),
            1,
            new ModelManifest.Limits(maxQueuedRows, 1 << 20, 1000, 0),
            ModelManifest.DEFAULT.scheduling(),
            new ModelOptions(OptionalInt.of(maxBatchSize), 1, List.of(), List.of(), Map.of()),
            true,
            List.of());
    Deployment deployment =
        new Loader(
                Map.of(ScriptedBackend.NAME, backend),
                Inlining.OFF,
                Fairness.NONE,
                new Janitor(RunLimits.DEFAULT, System::nanoTime),
                System::nanoTime)
            .load(new ModelArtifact("m", 1, Path.of("nowhere")), manifest, () -> {});
    backend.batches.clear();
    started.add(deployment);
    return deployment;
  }

  private static RecordedTask send(Deployment deployment, int... values) throws InferException {
    assertThat(deployment.acquire()).isTrue();
    return RecordedTask.submit(deployment, NEVER, values);
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
    Deployment deployment = start(8, 100);
    holdRuns();
    RecordedTask first = send(deployment, 1);
    running.await();

    RecordedTask second = send(deployment, 2, 3);
    RecordedTask third = send(deployment, 4);
    gate.countDown();

    assertThat(first.answer.get()).containsExactly(1);
    assertThat(second.answer.get()).containsExactly(2, 3);
    assertThat(third.answer.get()).containsExactly(4);
    assertThat(backend.batches).containsExactly(List.of(1), List.of(2, 3, 4));
    await().until(() -> deployment.inFlight() == 0);
    assertThat(List.of(first, second, third)).allMatch(task -> task.releases.get() == 1);
  }

  @Test
  void failsOnlyThePoisonousRowOfABatch() throws Exception {
    Deployment deployment = start(8, 100);
    holdRuns();
    RecordedTask first = send(deployment, 0);
    running.await();
    List<RecordedTask> tasks = new ArrayList<>();
    for (int value = 1; value <= 8; value++) {
      tasks.add(send(deployment, value));
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
    assertThat(deployment.statistics().snapshot().failed()).isEqualTo(1);
  }

  @Test
  void treatsAnAnswerWithTheWrongNumberOfRowsAsAFailure() throws Exception {
    Deployment deployment = start(8, 100);
    backend.script = values -> List.of(1, 2, 3);

    assertThat(failureOf(send(deployment, 7)).detail())
        .isEqualTo("output 'y': 3 rows (expected 1)");
  }

  @Test
  void survivesAnEngineThatThrowsSomethingElse() throws Exception {
    Deployment deployment = start(8, 100);
    backend.script =
        values -> {
          throw new IllegalStateException("a bug");
        };
    assertThat(failureOf(send(deployment, 7)).kind()).isEqualTo(Failure.Kind.ENGINE);

    backend.script = values -> values;
    assertThat(send(deployment, 7).answer.get()).containsExactly(7);
  }

  @Test
  void refusesWhatTheQueueCannotHold() throws Exception {
    Deployment deployment = start(1, 2);
    holdRuns();
    send(deployment, 1);
    running.await();
    RecordedTask waiting = send(deployment, 2, 3);

    Failure failure = failureOf(send(deployment, 4));

    assertThat(failure.kind()).isEqualTo(Failure.Kind.OVERLOADED);
    assertThat(failure.detail()).isEqualTo("model 'm': 2 rows wait (limit 2, max_queued_rows)");
    gate.countDown();
    assertThat(waiting.answer.get()).containsExactly(2, 3);
  }

  @Test
  void neverRunsWhatWasCancelledInTheQueue() throws Exception {
    Deployment deployment = start(8, 100);
    holdRuns();
    RecordedTask first = send(deployment, 1);
    running.await();
    RecordedTask cancelled = send(deployment, 2);

    cancelled.cancel();

    assertThat(failureOf(cancelled).kind()).isEqualTo(Failure.Kind.CANCELLED);
    gate.countDown();
    assertThat(first.answer.get()).containsExactly(1);
    await().until(() -> deployment.inFlight() == 0);
    assertThat(backend.batches).containsExactly(List.of(1));
    assertThat(cancelled.releases).hasValue(1);
  }

  @Test
  void discardsTheAnswerOfWhatWasCancelledWhileItRan() throws Exception {
    Deployment deployment = start(8, 100);
    holdRuns();
    RecordedTask task = send(deployment, 1);
    running.await();

    task.cancel();
    gate.countDown();

    await().until(() -> deployment.inFlight() == 0);
    assertThat(task.answer).isNotDone();
    assertThat(task.releases).hasValue(1);
    assertThat(deployment.statistics().snapshot().failures())
        .containsEntry(Failure.Kind.CANCELLED, 1L);
  }

  @Test
  void answersExpiredRequestsWhileEveryReplicaIsBusy() throws Exception {
    Deployment deployment = start(8, 100);
    holdRuns();
    send(deployment, 1);
    running.await();
    assertThat(deployment.acquire()).isTrue();
    RecordedTask expiring = RecordedTask.submit(deployment, deployment.nanoTime() + 1_000_000, 2);

    await()
        .pollInterval(Duration.ofMillis(2))
        .until(
            () -> {
              deployment.sweep();
              return expiring.answer.isDone();
            });

    assertThat(failureOf(expiring).kind()).isEqualTo(Failure.Kind.EXPIRED);
    assertThat(deployment.queuedRows()).isZero();
  }

  @Test
  void waitsForItsLastLeaseBeforeTheModelIsFreed() throws Exception {
    Deployment deployment = start(8, 100);
    holdRuns();
    RecordedTask task = send(deployment, 1);
    running.await();

    Thread closing =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    deployment.close(TimeUnit.SECONDS.toNanos(20));
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                });
    await().until(() -> !tryLease(deployment));
    assertThat(backend.openModels).hasValue(1);
    gate.countDown();
    closing.join();
    started.clear();

    assertThat(task.answer.get()).containsExactly(1);
    assertThat(backend.openModels).hasValue(0);
    assertThat(backend.openRunners).hasValue(0);
  }

  private static boolean tryLease(Deployment deployment) {
    boolean leased = deployment.acquire();
    if (leased) {
      deployment.release();
    }
    return leased;
  }

  @Test
  void runsRequestsOfAnUnbatchedModelOneAtATime() throws Exception {
    backend.signature =
        s ->
            new ModelSignature(
                s.inputs(), s.outputs(), new ModelSignature.Batching.Unbatched("told so"));
    Deployment deployment = start(0, 100);
    backend.batches.clear();
    holdRuns();
    send(deployment, 1);
    running.await();
    RecordedTask second = send(deployment, 2);
    RecordedTask third = send(deployment, 3);
    gate.countDown();

    second.answer.get();
    third.answer.get();
    assertThat(backend.batches).containsExactly(List.of(1), List.of(2), List.of(3));
    assertThat(deployment.describeBatching()).isEqualTo("one request at a time: told so");
  }

  @Test
  void runsARequestOfMoreRowsThanTheCapAlone() throws Exception {
    Deployment deployment = start(2, 100);
    holdRuns();
    send(deployment, 1);
    running.await();
    RecordedTask large = send(deployment, 2, 3, 4);
    RecordedTask small = send(deployment, 5);
    gate.countDown();

    assertThat(large.answer.get()).containsExactly(2, 3, 4);
    assertThat(small.answer.get()).containsExactly(5);
    assertThat(backend.batches).containsExactly(List.of(1), List.of(2, 3, 4), List.of(5));
  }

  @Test
  void countsWhatItDid() throws Exception {
    Deployment deployment = start(8, 100);
    send(deployment, 1, 2).answer.get();
    send(deployment, 3).answer.get();
    await().until(() -> deployment.inFlight() == 0);

    DeploymentStatistics.Snapshot snapshot = deployment.statistics().snapshot();

    assertThat(snapshot.requests()).isEqualTo(2);
    assertThat(snapshot.rows()).isEqualTo(3);
    assertThat(snapshot.batches()).isEqualTo(2);
    assertThat(snapshot.runNanos()).isEqualTo(4);
    assertThat(snapshot.byBatchSize())
        .extracting(DeploymentStatistics.BatchSize::rows)
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
