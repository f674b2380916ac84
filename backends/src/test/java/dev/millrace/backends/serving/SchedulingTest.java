// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.Failure.Kind;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.repository.Scheduling;
import dev.millrace.backends.repository.Scheduling.Mode;
import dev.millrace.backends.repository.Scheduling.QueuePolicy;
import dev.millrace.backends.repository.Scheduling.TimeoutAction;
import dev.millrace.backends.repository.Scheduling.TritonBatching;
import dev.millrace.backends.serving.Terms.Asked;
import dev.millrace.batching.Fairness;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a served version makes of its model's {@link Scheduling}. */
@Timeout(30)
class SchedulingTest {
  private static final long NEVER = Long.MAX_VALUE;
  private static final long MILLI = 1_000_000;

  private final ScriptedBackend backend = new ScriptedBackend();
  private final List<ServedVersion> started = new ArrayList<>();

  /** Runs of a batch with that value wait until its latch is counted down. */
  private final Map<Integer, CountDownLatch> gates = new ConcurrentHashMap<>();

  private final Map<Integer, CountDownLatch> running = new ConcurrentHashMap<>();

  @AfterEach
  void everythingIsFreed() throws Exception {
    gates.values().forEach(CountDownLatch::countDown);
    for (ServedVersion served : started) {
      served.close(TimeUnit.SECONDS.toNanos(10));
    }
    assertThat(backend.openRunners).hasValue(0);
    assertThat(backend.openModels).hasValue(0);
  }

  private ServedVersion start(Scheduling scheduling, int maxBatchSize, int replicas)
      throws Exception {
    ModelManifest manifest =
        new ModelManifest(
            ScriptedBackend.NAME,
            "",
            ModelManifest.DEFAULT.versionPolicy(),
            replicas,
            new ModelManifest.Limits(1000, 1 << 20, 1000, 0),
            scheduling,
            new ModelOptions(OptionalInt.of(maxBatchSize), 1, List.of(), List.of(), Map.of()),
            List.of(),
            true,
            List.of());
    ServedVersion served =
        new Loader(
                Map.of(ScriptedBackend.NAME, backend),
                new Inlining(1, Duration.ofSeconds(1)),
                Fairness.NONE,
                new Janitor(RunLimits.DEFAULT, System::nanoTime),
                System::nanoTime)
            .load(new ModelArtifact("m", 1, Path.of("nowhere")), manifest, () -> {});
    backend.batches.clear();
    backend.script = this::pass;
    started.add(served);
    return served;
  }

  private static Scheduling scheduling(Mode mode, int levels, QueuePolicy policy) {
    return scheduling(mode, levels, policy, TritonBatching.DEFAULT);
  }

  private static Scheduling scheduling(
      Mode mode, int levels, QueuePolicy policy, TritonBatching batching) {
    return new Scheduling(
        mode,
        0,
        Scheduling.DEFAULT.maxQueueNanos(),
        levels,
        (levels + 1) / 2,
        policy,
        Map.of(),
        true,
        batching);
  }

  private List<Integer> pass(List<Integer> values) throws ModelRunException {
    for (int value : values) {
      CountDownLatch gate = gates.get(value);
      if (gate != null) {
        running.computeIfAbsent(value, v -> new CountDownLatch(1)).countDown();
        try {
          gate.await();
        } catch (InterruptedException e) {
          throw new ModelRunException("interrupted", e);
        }
      }
      if (value < 0) {
        throw new ModelRunException("below zero", null);
      }
    }
    return values;
  }

  /** Sends a value whose run waits for {@link #letGo}, and waits until it runs. */
  private RecordedTask hold(ServedVersion served, int value) throws Exception {
    gates.put(value, new CountDownLatch(1));
    RecordedTask task = send(served, value);
    running.computeIfAbsent(value, v -> new CountDownLatch(1)).await();
    return task;
  }

  private void letGo(int value) {
    Objects.requireNonNull(gates.get(value)).countDown();
  }

  private static RecordedTask send(ServedVersion served, int value) throws InferException {
    return send(served, Asked.until(NEVER), value);
  }

  private static RecordedTask send(ServedVersion served, Asked asked, int value)
      throws InferException {
    assertThat(served.acquire()).isTrue();
    RecordedTask task = RecordedTask.of(served, asked, value);
    served.submit(task);
    return task;
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

  private static void sweepUntilDone(ServedVersion served, RecordedTask task) {
    await()
        .pollInterval(Duration.ofMillis(2))
        .until(
            () -> {
              served.sweep();
              return task.answer.isDone();
            });
  }

  // --- modes

  @Test
  void runsOneRequestAtATimeIfToldSo() throws Exception {
    ServedVersion served = start(scheduling(Mode.NONE, 0, QueuePolicy.NONE), 8, 1);
    hold(served, 1);
    RecordedTask second = send(served, 2);
    RecordedTask third = send(served, 3);
    letGo(1);

    second.answer.get();
    third.answer.get();
    assertThat(backend.batches).containsExactly(List.of(1), List.of(2), List.of(3));
  }

  @Test
  void formsBatchesOfPreferredSizesLikeTriton() throws Exception {
    TritonBatching batching = new TritonBatching(List.of(2, 4), 60_000 * MILLI, false);
    ServedVersion served = start(scheduling(Mode.TRITON, 0, QueuePolicy.NONE, batching), 8, 1);

    RecordedTask first = send(served, 1);
    assertThat(first.answer).isNotDone();
    send(served, 2);

    assertThat(first.answer.get(10, TimeUnit.SECONDS)).containsExactly(1);
    assertThat(backend.batches).containsExactly(List.of(1, 2));
  }

  @Test
  void aDelayKeepsEventLoopsFromRunningBatchesThemselves() throws Exception {
    ArrayDeque<Runnable> loopTasks = new ArrayDeque<>();
    LoopReplicas loop = new LoopReplicas(0, loopTasks::add);
    TritonBatching delayed = new TritonBatching(List.of(), MILLI, false);

    assertThat(
            start(scheduling(Mode.TRITON, 0, QueuePolicy.NONE, delayed), 8, 1)
                .inlineReplica(0, loop))
        .isNull();
    assertThat(
            start(scheduling(Mode.TRITON, 0, QueuePolicy.NONE, TritonBatching.DEFAULT), 8, 1)
                .inlineReplica(0, loop))
        .isNotNull();
  }

  // --- queue policies

  @Test
  void holdsExactlyAsManyRequestsAsALevelMayHave() throws Exception {
    QueuePolicy two = new QueuePolicy(2, 0, TimeoutAction.REJECT, false);
    ServedVersion served = start(scheduling(Mode.TRITON, 2, two), 8, 1);
    RecordedTask first = hold(served, 1);
    RecordedTask cancelled = send(served, 2);
    RecordedTask waiting = send(served, 3);

    Failure full = failureOf(send(served, 4));
    RecordedTask otherLevel = send(served, new Asked(NEVER, 2, 0, 0), 5);
    cancelled.cancel();
    RecordedTask inItsPlace = send(served, 6);
    Failure fullAgain = failureOf(send(served, 7));
    letGo(1);

    assertThat(full.kind()).isEqualTo(Kind.TURNED_AWAY);
    assertThat(full.detail()).isEqualTo("Exceeds maximum queue size");
    assertThat(full.retryAfterNanos()).isPositive();
    assertThat(fullAgain.detail()).isEqualTo("Exceeds maximum queue size");
    for (RecordedTask task : List.of(first, waiting, otherLevel, inItsPlace)) {
      assertThat(task.answer.get(10, TimeUnit.SECONDS)).hasSize(1);
    }
    await().until(() -> served.inFlight() == 0);
    for (int value = 10; value < 20; value++) { // all places are free again
      assertThat(send(served, value).answer.get(10, TimeUnit.SECONDS)).containsExactly(value);
    }
  }

  @Test
  void saysInItsOwnWordsThatALevelIsFull() throws Exception {
    QueuePolicy one = new QueuePolicy(1, 0, TimeoutAction.REJECT, false);
    ServedVersion served = start(scheduling(Mode.AUTO, 0, one), 8, 1);
    hold(served, 1);
    send(served, 2);

    Failure full = failureOf(send(served, 3));

    assertThat(full.kind()).isEqualTo(Kind.OVERLOADED);
    assertThat(full.detail()).isEqualTo("model 'm': 1 requests wait (limit 1, max_queue_size)");
  }

  @Test
  void answersWhatWasNotStartedInTimeLikeTriton() throws Exception {
    QueuePolicy policy = new QueuePolicy(0, 20 * MILLI, TimeoutAction.REJECT, false);
    ServedVersion served = start(scheduling(Mode.TRITON, 0, policy), 8, 1);
    hold(served, 1);
    RecordedTask late = send(served, 2);

    sweepUntilDone(served, late);

    assertThat(failureOf(late).kind()).isEqualTo(Kind.TURNED_AWAY);
    assertThat(failureOf(late).detail()).isEqualTo("Request timeout expired");
  }

  @Test
  void answersWhatWasNotStartedInTimeAsExpired() throws Exception {
    ServedVersion served = start(Scheduling.DEFAULT, 8, 1);
    hold(served, 1);
    RecordedTask late = send(served, new Asked(NEVER, 0, 20_000, 0), 2);

    sweepUntilDone(served, late);

    assertThat(failureOf(late))
        .isEqualTo(new Failure(Kind.EXPIRED, "model 'm': not started within 20.0 ms, its timeout"));
  }

  @Test
  void runsWhatIsDelayedBehindTheOthers() throws Exception {
    QueuePolicy policy = new QueuePolicy(0, 10_000 * MILLI, TimeoutAction.DELAY, true);
    ServedVersion served = start(scheduling(Mode.TRITON, 0, policy), 1, 1);
    hold(served, 1);
    RecordedTask delayed = send(served, new Asked(NEVER, 0, 1, 0), 2);
    RecordedTask inTime = send(served, 3);
    served.sweep();
    letGo(1);

    assertThat(delayed.answer.get(10, TimeUnit.SECONDS)).containsExactly(2);
    assertThat(inTime.answer.get(10, TimeUnit.SECONDS)).containsExactly(3);
    assertThat(backend.batches).containsExactly(List.of(1), List.of(3), List.of(2));
  }

  // --- deadlines

  @Test
  void answersAtOnceWhatIsPastItsDeadline() throws Exception {
    ServedVersion served = start(Scheduling.DEFAULT, 8, 1);
    long now = served.nanoTime();

    assertThat(failureOf(send(served, Asked.until(now), 1)).kind()).isEqualTo(Kind.EXPIRED);
    assertThat(failureOf(send(served, Asked.until(now - 3_600_000 * MILLI), 2)).kind())
        .isEqualTo(Kind.EXPIRED);
    assertThat(backend.batches).isEmpty();
  }

  @Test
  void servesDeadlinesThatAreFarAway() throws Exception {
    ServedVersion served = start(scheduling(Mode.AUTO, 3, QueuePolicy.NONE), 8, 1);
    long now = served.nanoTime();

    for (long deadline : new long[] {now + 3_600_000 * MILLI, NEVER - 1, NEVER}) {
      for (int level = 1; level <= 3; level++) {
        assertThat(
                send(served, new Asked(deadline, level, 0, 0), level)
                    .answer
                    .get(10, TimeUnit.SECONDS))
            .containsExactly(level);
      }
    }
  }

  // --- order of answers

  private ServedVersion startInOrder() throws Exception {
    return start(
        scheduling(Mode.TRITON, 0, QueuePolicy.NONE, new TritonBatching(List.of(1), 0, true)),
        1,
        2);
  }

  @Test
  void holdsAnAnswerUntilThoseBeforeItHaveLeft() throws Exception {
    ServedVersion served = startInOrder();
    RecordedTask first = hold(served, 1);
    RecordedTask second = send(served, 2);
    RecordedTask third = send(served, 3);
    await().until(() -> backend.batches.contains(List.of(3)) && third.isDone());
    assertThat(second.answer).isNotDone();
    assertThat(third.answer).isNotDone();

    letGo(1);

    assertThat(third.answer.get(10, TimeUnit.SECONDS)).containsExactly(3);
    assertThat(second.answer).isCompletedWithValue(List.of(2));
    assertThat(first.answer).isCompletedWithValue(List.of(1));
  }

  @Test
  void leavesInOrderHoweverManyReplicasRun() throws Exception {
    ServedVersion served =
        start(
            scheduling(Mode.TRITON, 0, QueuePolicy.NONE, new TritonBatching(List.of(1), 0, true)),
            1,
            4);
    List<CompletableFuture<Void>> notes = new ArrayList<>();
    List<Integer> left = new CopyOnWriteArrayList<>();
    List<Integer> expected = new ArrayList<>();
    List<RecordedTask> tasks = new ArrayList<>();
    for (int i = 0; i < 900; i++) {
      int value = i % 10 == 3 ? -1 : i; // some fail
      assertThat(served.acquire()).isTrue();
      RecordedTask task = RecordedTask.of(served, NEVER, value);
      notes.add(task.answer.thenAccept(left::addAll));
      tasks.add(task);
      if (value >= 0) {
        expected.add(value);
      }
      served.submit(task);
      if (i % 10 == 7) {
        task.cancel(); // too late for some
      }
    }
    await().until(() -> served.inFlight() == 0);

    assertThat(notes).hasSameSizeAs(tasks);
    assertThat(left).isSorted();
    assertThat(expected).containsAll(left);
    assertThat(left).hasSizeGreaterThanOrEqualTo(900 / 10 * 8);
    assertThat(tasks).allMatch(task -> task.releases.get() == 1);
  }

  @Test
  void waitsForNoRequestThatFails() throws Exception {
    ServedVersion served = startInOrder();
    RecordedTask failing = hold(served, -1);
    RecordedTask second = send(served, 2);
    await().until(second::isDone);

    letGo(-1);

    assertThat(second.answer.get(10, TimeUnit.SECONDS)).containsExactly(2);
    assertThat(failureOf(failing).detail()).isEqualTo("below zero");
  }

  @Test
  void waitsForNoRequestThatIsCancelledEvenWhileItRuns() throws Exception {
    ServedVersion served = startInOrder();
    RecordedTask running = hold(served, 1);
    RecordedTask second = send(served, 2);
    await().until(second::isDone);
    assertThat(second.answer).isNotDone();

    running.cancel();

    assertThat(second.answer.get(10, TimeUnit.SECONDS)).containsExactly(2);
  }

  @Test
  void aFailureWaitsForNobody() throws Exception {
    ServedVersion served = startInOrder();
    hold(served, 1);

    assertThat(failureOf(send(served, -2)).detail()).isEqualTo("below zero");
    assertThat(failureOf(send(served, Asked.until(0), 3)).kind()).isEqualTo(Kind.EXPIRED);
  }
}
