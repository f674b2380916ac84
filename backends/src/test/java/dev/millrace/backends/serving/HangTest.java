// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.echo.EchoBackend;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.batching.Fairness;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An engine that hangs at 13; nothing is suspect before 50 ms, nor ended before 300. */
@Timeout(30)
class HangTest {
  private static final long NEVER = Long.MAX_VALUE;
  private static final int HANG = 13;
  private static final RunLimits LIMITS =
      new RunLimits(TimeUnit.MILLISECONDS.toNanos(50), TimeUnit.MILLISECONDS.toNanos(300), 0);
  private static final RunLimits PATIENT = LIMITS.withMaxRunNanos(TimeUnit.HOURS.toNanos(1));

  private Janitor janitor = new Janitor(LIMITS, System::nanoTime);
  @TempDir private Path folder;

  @AfterEach
  void close() {
    janitor.close();
  }

  private ServedVersion start(int replicas, Inlining inlining, Map<String, String> engine)
      throws Exception {
    Path file = folder.resolve("model.echo");
    Files.writeString(file, "inputs = x INT32[-1]\nhang_when = " + HANG + "\n");
    return start(new EchoBackend(), file, replicas, inlining, engine);
  }

  private ServedVersion start(
      Backend backend, Path file, int replicas, Inlining inlining, Map<String, String> engine)
      throws Exception {
    janitor.start();
    ModelManifest manifest =
        new ModelManifest(
            backend.name(),
            "",
            ModelManifest.DEFAULT.versionPolicy(),
            replicas,
            ModelManifest.DEFAULT.limits(),
            ModelManifest.DEFAULT.scheduling(),
            new ModelOptions(OptionalInt.of(8), 1, List.of(), List.of(), engine),
            List.of(),
            true,
            List.of());
    ServedVersion served =
        new Loader(
                Map.of(backend.name(), backend), inlining, Fairness.NONE, janitor, System::nanoTime)
            .load(new ModelArtifact("m", 1, file), manifest, () -> {});
    send(served, 1).answer.get(); // what a run costs is known
    return served;
  }

  private static RecordedTask send(ServedVersion served, int... values) throws InferException {
    return sendUntil(NEVER, served, values);
  }

  /** What is sent next is of another batch. */
  private static RecordedTask sendAlone(ServedVersion served, int value) throws InferException {
    RecordedTask task = send(served, value);
    await().pollInterval(Duration.ofMillis(1)).until(() -> served.queuedRows() == 0);
    return task;
  }

  private static RecordedTask sendUntil(long deadlineNanos, ServedVersion served, int... values)
      throws InferException {
    assertThat(served.acquire()).isTrue();
    return RecordedTask.submit(served, deadlineNanos, values);
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

  private static void assertTerminated(RecordedTask task) throws Exception {
    Failure failure = failureOf(task);
    assertThat(failure.kind()).isEqualTo(Failure.Kind.ENGINE);
    assertThat(failure.detail()).matches("the engine did not answer within [0-9.]+ s");
  }

  private static void awaitSuspects(ServedVersion served, int suspects) {
    await().pollInterval(Duration.ofMillis(5)).until(() -> served.suspectReplicas() == suspects);
  }

  @Test
  void endsARunThatHangsAndTheReplicaServesAgain() throws Exception {
    ServedVersion served = start(1, Inlining.OFF, Map.of());
    RecordedTask hung = sendAlone(served, HANG);
    RecordedTask waiting = send(served, 2);
    RecordedTask expiring = sendUntil(served.nanoTime() + 10_000_000, served, 3);

    awaitSuspects(served, 1);
    assertThat(served.replicasServing()).isZero();
    assertThat(failureOf(expiring).kind()).isEqualTo(Failure.Kind.EXPIRED);
    assertThat(hung.releases).as("the engine reads its memory").hasValue(0);

    assertTerminated(hung);
    assertThat(waiting.answer.get()).containsExactly(2);
    assertThat(send(served, 4).answer.get()).containsExactly(4);
    assertThat(served.replicasServing()).isEqualTo(1);
    assertThat(served.suspectReplicas()).isZero();
    assertThat(served.terminatedRuns()).isEqualTo(1);
    assertThat(served.close(TimeUnit.SECONDS.toNanos(10))).isTrue();
    assertThat(hung.releases).hasValue(1);
  }

  @Test
  void servesOnTheOtherReplicas() throws Exception {
    ServedVersion served = start(2, Inlining.OFF, Map.of());
    RecordedTask hung = sendAlone(served, HANG);
    awaitSuspects(served, 1);

    for (int i = 0; i < 50 && !hung.answer.isDone(); i++) {
      if (i != HANG) {
        assertThat(send(served, i).answer.get()).containsExactly(i);
      }
    }

    assertThat(hung.answer).isNotDone();
    assertThat(served.replicasServing()).isEqualTo(1);
    assertTerminated(hung);
    await().until(() -> served.replicasServing() == 2);
    assertThat(served.close(TimeUnit.SECONDS.toNanos(10))).isTrue();
  }

  @Test
  void givesUpABatchThatHungAsAWhole() throws Exception {
    ServedVersion served =
        start(1, Inlining.OFF, Map.of("delay_micros_per_batch", "50000")); // a batch can form
    send(served, 1, 1, 1, 1).answer.get(); // what four rows cost is known
    RecordedTask first = sendAlone(served, 1);
    RecordedTask neighbour = send(served, 2);
    RecordedTask hanging = send(served, HANG);
    RecordedTask cancelled = send(served, 3);
    RecordedTask late = sendUntil(served.nanoTime() + 250_000_000, served, 4);
    awaitSuspects(served, 1);
    cancelled.cancel();

    assertThat(first.answer.get()).containsExactly(1);
    assertTerminated(neighbour);
    assertTerminated(hanging);
    assertThat(failureOf(cancelled).kind()).isEqualTo(Failure.Kind.CANCELLED);
    assertThat(failureOf(late).kind()).isEqualTo(Failure.Kind.EXPIRED);
    assertThat(send(served, 5).answer.get()).containsExactly(5);
    assertThat(served.terminatedRuns()).isEqualTo(1);
    assertThat(served.close(TimeUnit.SECONDS.toNanos(10))).isTrue();
  }

  @Test
  void endsARunThatHangsOnAnEventLoop() throws Exception {
    ServedVersion served =
        start(1, new Inlining(1, Duration.ofMillis(50)), Map.of("delay", "spin"));
    await().until(() -> served.inFlight() == 0);
    try (ExecutorService eventLoop = Executors.newSingleThreadExecutor()) {
      LoopReplicas loop = new LoopReplicas(0, eventLoop);
      assertThat(served.acquire()).isTrue();
      RecordedTask hung = RecordedTask.of(served, NEVER, HANG);
      eventLoop.execute(() -> loop.submit(hung));

      awaitSuspects(served, 1);
      assertThat(served.replicasServing()).as("the thread is idle").isEqualTo(1);
      assertThat(send(served, 2).answer.get()).containsExactly(2);
      assertThat(hung.answer).isNotDone();

      assertTerminated(hung);
      assertThat(served.acquire()).isTrue();
      RecordedTask next = RecordedTask.of(served, NEVER, 3);
      eventLoop.execute(() -> loop.submit(next));
      assertThat(next.answer.get(10, TimeUnit.SECONDS)).containsExactly(3);
    }
    assertThat(served.suspectReplicas()).isZero();
    assertThat(served.close(TimeUnit.SECONDS.toNanos(10))).isTrue();
  }

  @Test
  void closesInSpiteOfARunThatHangs() throws Exception {
    janitor = new Janitor(PATIENT, System::nanoTime);
    ServedVersion served = start(1, Inlining.OFF, Map.of());
    RecordedTask hung = sendAlone(served, HANG);

    assertThat(served.close(1_000_000)).isTrue();

    assertTerminated(hung);
    assertThat(served.terminatedRuns()).isEqualTo(1);
  }

  @Test
  void leavesAModelAloneWhoseRunDoesNotEndAtAll() throws Exception {
    ScriptedBackend deaf = new ScriptedBackend();
    CountDownLatch gate = new CountDownLatch(1);
    deaf.script =
        values -> {
          if (values.contains(HANG)) {
            awaitUninterruptibly(gate);
          }
          return values;
        };
    ServedVersion served = start(deaf, folder, 2, Inlining.OFF, Map.of());
    RecordedTask hung = sendAlone(served, HANG);
    long begin = System.nanoTime();

    assertThat(served.close(1_000_000)).isFalse();

    assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
    assertThat(deaf.terminations).hasValue(1);
    assertThat(deaf.openModels).hasValue(1);
    assertThat(hung.releases).hasValue(0);
    gate.countDown();
    assertThat(hung.answer.get()).as("better late than never").containsExactly(HANG);
    await().until(() -> deaf.openRunners.get() == 0);
    assertThat(deaf.openModels).hasValue(1);
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
