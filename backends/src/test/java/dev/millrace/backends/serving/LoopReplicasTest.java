// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.repository.Scheduling;
import dev.millrace.batching.Fairness;
import java.lang.Thread.State;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** The test's own thread is the event loop, and its rounds end when the test says so. */
@Timeout(30)
class LoopReplicasTest {
  /** All that waits runs together: what is learned of real times must not change a test. */
  private static final Scheduling EAGER =
      new Scheduling(
          Scheduling.Mode.TRITON,
          0,
          Scheduling.DEFAULT.maxQueueNanos(),
          0,
          0,
          Scheduling.QueuePolicy.NONE,
          Map.of(),
          true,
          Scheduling.TritonBatching.DEFAULT);

  private static final long NEVER = Long.MAX_VALUE;
  private static final Duration BUDGET = Duration.ofNanos(100_000);

  private final ScriptedBackend backend = new ScriptedBackend();
  private final ArrayDeque<Runnable> loopTasks = new ArrayDeque<>();
  private final LoopReplicas loop = new LoopReplicas(0, loopTasks::add);
  private final List<Thread> runThreads = new ArrayList<>();
  private final AtomicReference<Runnable> atNextClockRead = new AtomicReference<>();
  private final CountDownLatch goOn = new CountDownLatch(1);
  private final AtomicLong pausedNanos = new AtomicLong();
  private ServedVersion served;

  @BeforeEach
  void start() throws Exception {
    backend.script = LoopReplicasTest::refuseZeros; // so that nothing is known of its cost
    served = load("m");
    backend.script =
        values -> {
          synchronized (runThreads) {
            runThreads.add(Thread.currentThread());
          }
          return values;
        };
    backend.batches.clear();
  }

  private static List<Integer> refuseZeros(List<Integer> values) {
    throw new IllegalArgumentException("no zeros: " + values);
  }

  private ServedVersion load(String name) throws Exception {
    return load(name, BUDGET);
  }

  /** Whatever its warm-up took, by a real clock, it is small. */
  private ServedVersion loadSmall(String name) throws Exception {
    return load(name, Duration.ofMinutes(1));
  }

  private ServedVersion load(String name, Duration budget) throws Exception {
    ModelManifest manifest =
        new ModelManifest(
            ScriptedBackend.NAME,
            "",
            ModelManifest.DEFAULT.versionPolicy(),
            1,
            new ModelManifest.Limits(100, 1 << 20, 1000, 0),
            EAGER,
            new ModelOptions(OptionalInt.of(4), 1, List.of(), List.of(), Map.of()),
            List.of(),
            true,
            List.of());
    return new Loader(
            Map.of(ScriptedBackend.NAME, backend),
            new Inlining(2, budget),
            Fairness.NONE,
            new Janitor(RunLimits.DEFAULT, System::nanoTime),
            this::nanoTime)
        .load(new ModelArtifact(name, 1, Path.of("nowhere")), manifest, () -> {});
  }

  @AfterEach
  void everythingIsFreed() throws Exception {
    goOn.countDown();
    served.close(TimeUnit.SECONDS.toNanos(10));
    assertThat(backend.openRunners).hasValue(0);
    assertThat(backend.openModels).hasValue(0);
  }

  private long nanoTime() {
    Runnable meanwhile = atNextClockRead.getAndSet(null);
    if (meanwhile != null) {
      meanwhile.run();
    }
    return System.nanoTime() + pausedNanos.get();
  }

  private RecordedTask send(int... values) throws InferException {
    return sendTo(served, values);
  }

  private RecordedTask sendTo(ServedVersion served, int... values) throws InferException {
    assertThat(served.acquire()).isTrue();
    RecordedTask task = RecordedTask.of(served, NEVER, values);
    loop.submit(task);
    return task;
  }

  private void endRound() {
    for (Runnable task = loopTasks.poll(); task != null; task = loopTasks.poll()) {
      task.run();
    }
  }

  private List<Integer> stopIn(List<Integer> values, CountDownLatch inRun) {
    inRun.countDown();
    awaitUninterruptibly(goOn);
    return values;
  }

  /** What a batch costs is learned from the first, which a replica thread runs. */
  private void learn(long runNanos) throws Exception {
    backend.runNanos = runNanos;
    send(0).answer.get();
    RecordedTask full = send(0, 0, 0, 0);
    endRound();
    full.answer.get();
    await().until(() -> served.inFlight() == 0);
    backend.batches.clear();
    runThreads.clear();
  }

  @Test
  void leavesAModelOfUnknownCostToTheReplicas() throws Exception {
    RecordedTask task = send(1);

    assertThat(task.answer.get()).containsExactly(1);
    assertThat(loopTasks).isEmpty();
    assertThat(runThreads).doesNotContain(Thread.currentThread());
  }

  @Test
  void aVersionThatTakesOverHasAWarmRunnerForEachLoopThatRanTheOneBefore() throws Exception {
    learn(10); // on loop 0 of two
    ServedVersion next = loadSmall("next");
    int before = backend.openRunners.get();

    next.takeOverFrom(List.of(served));
    assertThat(backend.openRunners).hasValue(before + 1);
    awaitThatItsReplicaWaits(next);
    RecordedTask task = sendTo(next, 1);
    endRound();

    assertThat(task.answer.getNow(List.of())).containsExactly(1);
    assertThat(backend.openRunners).hasValue(before + 1);
    next.close(TimeUnit.SECONDS.toNanos(10));
  }

  /**
   * One that has just been started looks at the queue, and a loop that comes then is turned away.
   */
  private static void awaitThatItsReplicaWaits(ServedVersion version) {
    String name = "replica-%s-%d-0".formatted(version.name(), version.version());
    await()
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals(name))
                    .map(Thread::getState)
                    .anyMatch(state -> state == State.WAITING || state == State.TIMED_WAITING));
  }

  @Test
  void runnersThatNoLoopCameForAreClosed() throws Exception {
    learn(10);
    ServedVersion next = loadSmall("next");
    int before = backend.openRunners.get();

    next.takeOverFrom(List.of(served));
    next.close(TimeUnit.SECONDS.toNanos(10));

    assertThat(backend.openRunners).hasValue(before - 1); // its replica's as well
  }

  @Test
  void aVersionThatTakesOverFromNobodyMakesNoRunners() throws Exception {
    ServedVersion next = loadSmall("next");
    int before = backend.openRunners.get();

    next.takeOverFrom(List.of());
    next.takeOverFrom(List.of(served)); // which no loop has run

    assertThat(backend.openRunners).hasValue(before);
    next.close(TimeUnit.SECONDS.toNanos(10));
  }

  @Test
  void runsTheRequestsOfARoundTogetherAtItsEnd() throws Exception {
    learn(10);

    RecordedTask first = send(1);
    RecordedTask second = send(2);
    assertThat(backend.batches).isEmpty();
    assertThat(loopTasks).hasSize(1);
    endRound();

    assertThat(first.answer.getNow(List.of())).containsExactly(1);
    assertThat(second.answer.getNow(List.of())).containsExactly(2);
    assertThat(backend.batches).containsExactly(List.of(1, 2));
    assertThat(runThreads).containsExactly(Thread.currentThread());
    assertThat(served.inFlight()).isZero();
  }

  @Test
  void runsABatchThatIsFullBeforeTheEndOfTheRound() throws Exception {
    learn(10);

    for (int i = 1; i <= 6; i++) {
      send(i);
    }
    assertThat(backend.batches).containsExactly(List.of(1, 2, 3, 4));
    endRound();

    assertThat(backend.batches).containsExactly(List.of(1, 2, 3, 4), List.of(5, 6));
  }

  @Test
  void looksAtItsConnectionsBetweenTheModelsOfALongRound() throws Exception {
    learn(10);
    ServedVersion other = load("other");
    RecordedTask teaches = sendTo(other, 0);
    endRound();
    teaches.answer.get();
    await().until(() -> other.inFlight() == 0);
    backend.script =
        values -> {
          pausedNanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(3));
          return values;
        };

    RecordedTask first = send(1);
    RecordedTask second = sendTo(other, 2);
    loopTasks.remove().run();
    assertThat(first.answer.getNow(List.of())).containsExactly(1);
    assertThat(second.answer).isNotDone();
    endRound();

    assertThat(second.answer.getNow(List.of())).containsExactly(2);
    other.close(TimeUnit.SECONDS.toNanos(10));
  }

  @Test
  void readsMoreInARoundThanTheQueueHolds() throws Exception {
    learn(10);

    List<RecordedTask> tasks = new ArrayList<>();
    for (int i = 0; i < 1000; i++) { // the queue holds 100 rows
      tasks.add(send(i));
    }
    endRound();

    for (int i = 0; i < 1000; i++) {
      assertThat(tasks.get(i).answer.getNow(List.of())).containsExactly(i);
    }
    assertThat(runThreads).containsOnly(Thread.currentThread());
  }

  @Test
  void leavesFullBatchesToTheReplicasIfTheLoopCannotRunThem() throws Exception {
    backend.runNanos = 10;
    send(0).answer.get();
    await().until(() -> served.inFlight() == 0);
    backend.refuseRunners = true;

    List<RecordedTask> tasks = List.of(send(1), send(2), send(3), send(4));

    for (RecordedTask task : tasks) {
      task.answer.get(10, TimeUnit.SECONDS);
    }
    endRound();
    backend.refuseRunners = false;
  }

  @Test
  void leavesAnExpensiveModelToTheReplicas() throws Exception {
    learn(BUDGET.toNanos() + 1);

    assertThat(send(1).answer.get()).containsExactly(1);

    assertThat(loopTasks).isEmpty();
    assertThat(runThreads).doesNotContain(Thread.currentThread());
  }

  @Test
  void leavesARoundThatHasGrownTooLargeToTheReplicas() throws Exception {
    backend.runNanos = BUDGET.toNanos() / 2;
    send(0).answer.get(); // one row is cheap, four are not known
    endRound();
    await().until(() -> served.inFlight() == 0);
    runThreads.clear();

    List<RecordedTask> tasks = List.of(send(1), send(2), send(3), send(4));
    endRound();

    for (RecordedTask task : tasks) {
      task.answer.get(10, TimeUnit.SECONDS);
    }
    assertThat(runThreads).doesNotContain(Thread.currentThread());
  }

  @Test
  void answersAtOnceWhatTheQueueRefuses() throws Exception {
    backend.runNanos = BUDGET.toNanos() / 2;
    send(0).answer.get(); // one row is cheap, more are the replica's
    CountDownLatch inRun = new CountDownLatch(1);
    backend.script = values -> stopIn(values, inRun);
    send(0, 0, 0);
    inRun.await();
    RecordedTask most = send(new int[100]);

    RecordedTask refused = send(1);

    assertThat(refused.answer).isCompletedExceptionally();
    goOn.countDown();
    endRound();
    assertThat(most.answer.get(10, TimeUnit.SECONDS)).hasSize(100);
  }

  @Test
  void leavesARoundToTheReplicasIfTheLoopCannotRunIt() throws Exception {
    backend.runNanos = 10;
    send(0).answer.get();
    await().until(() -> served.inFlight() == 0);
    backend.refuseRunners = true;

    RecordedTask first = send(1);
    endRound();
    assertThat(first.answer.get(10, TimeUnit.SECONDS)).containsExactly(1);
    RecordedTask second = send(2);
    endRound();

    assertThat(second.answer.get(10, TimeUnit.SECONDS)).containsExactly(2);
    backend.refuseRunners = false;
  }

  @Test
  void waitsWithFreeingTheModelForABatchOnTheLoop() throws Exception {
    learn(10);
    CountDownLatch inRun = new CountDownLatch(1);
    backend.script = values -> stopIn(values, inRun);
    RecordedTask task = send(1);
    Thread eventLoop = Thread.ofPlatform().start(this::endRound);
    inRun.await();
    Thread closer =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    served.close(0);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    await().until(() -> closer.getState() == Thread.State.TIMED_WAITING);
    assertThat(backend.openModels).hasValue(1);

    goOn.countDown();
    closer.join();
    eventLoop.join();

    assertThat(task.answer.get()).containsExactly(1);
    assertThat(backend.openModels).hasValue(0);
    start(); // for the end of the test
  }

  @Test
  void makesNoRunnerOfAModelThatWasFreedBeforeTheRoundEnded() throws Exception {
    learn(10);
    ArrayDeque<Runnable> lateTasks = new ArrayDeque<>();
    assertThat(served.acquire()).isTrue();
    RecordedTask onLateLoop = RecordedTask.of(served, NEVER, 1);
    new LoopReplicas(1, lateTasks::add).submit(onLateLoop);
    send(2);
    endRound(); // takes both
    assertThat(onLateLoop.answer.get()).containsExactly(1);
    served.close(TimeUnit.SECONDS.toNanos(10));
    assertThat(backend.openModels).hasValue(0);

    lateTasks.forEach(Runnable::run);

    assertThat(backend.openRunners).hasValue(0);
    start(); // for the end of the test
  }

  @Test
  void answersThatItFailedWhereATaskCannotBeQueued() throws Exception {
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(LoopReplicas.class);
    logged.start();
    logger.addAppender(logged);
    try {
      assertThat(served.acquire()).isTrue();
      RecordedTask task = RecordedTask.of(served, NEVER, 1);
      LoopReplicas noLoop = new LoopReplicas(-1, Runnable::run);
      atNextClockRead.set(
          () -> {
            throw new OutOfMemoryError("told to fail");
          });

      noLoop.submit(task);

      assertThatThrownBy(task.answer::join)
          .cause()
          .isInstanceOfSatisfying(
              InferException.class,
              e -> {
                assertThat(e.failure().kind()).isEqualTo(Failure.Kind.ENGINE);
                assertThat(e.failure().detail()).contains("model 'm'", "told to fail");
              });
      assertThat(task.releases).hasValue(1);
      assertThat(served.inFlight()).isZero();
      assertThat(served.queuedRows()).isZero();
      assertThat(logged.list).hasSize(1);
      assertThat(logged.list.getFirst().getThrowableProxy().getMessage()).isEqualTo("told to fail");
    } finally {
      logger.detachAppender(logged);
    }
  }

  /** The clock is read during a sweep, with the lead held: here the round ends. */
  @Test
  void comesAgainWhenASweepHadTheLeadAtTheEndOfTheRound() throws Exception {
    learn(10);
    CountDownLatch inRun = new CountDownLatch(1);
    Thread eventLoop = Thread.currentThread();
    backend.script =
        values -> {
          if (Thread.currentThread() != eventLoop) {
            inRun.countDown();
            awaitUninterruptibly(goOn);
          }
          return values;
        };
    assertThat(served.acquire()).isTrue();
    RecordedTask onThread = RecordedTask.submit(served, NEVER, 1);
    inRun.await();
    RecordedTask onLoop = send(2);

    atNextClockRead.set(this::endRound);
    served.sweep();
    assertThat(onLoop.answer).isNotDone();
    assertThat(loopTasks).hasSize(1);
    endRound();

    assertThat(onLoop.answer.getNow(List.of())).containsExactly(2);
    goOn.countDown();
    assertThat(onThread.answer.get()).containsExactly(1);
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
