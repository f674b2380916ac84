// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.batching.Fairness;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Replica, canceller, janitor and failing runs race for the same tasks. */
@Timeout(120)
class InferTaskRaceTest {
  private static final int TASKS = 60_000;

  private final ScriptedBackend backend = new ScriptedBackend();

  @Test
  void everyTaskEndsOnceAndGivesEverythingBackOnce() throws Exception {
    backend.script =
        values -> {
          if (values.stream().anyMatch(value -> value % 97 == 0)) {
            throw new ModelRunException("divisible by 97", null);
          }
          return values;
        };
    Janitor janitor = new Janitor(RunLimits.DEFAULT, System::nanoTime);
    ServedVersion served =
        new Loader(
                Map.of(ScriptedBackend.NAME, backend),
                Inlining.OFF,
                Fairness.NONE,
                janitor,
                System::nanoTime)
            .load(
                new ModelArtifact("m", 1, Path.of("nowhere")), ListedRepository.MANIFEST, () -> {});
    AtomicBoolean done = new AtomicBoolean();
    ArrayBlockingQueue<RecordedTask> toCancel = new ArrayBlockingQueue<>(64);
    Thread canceller = Thread.ofPlatform().start(() -> cancelAll(toCancel, done));
    Thread sweeper = Thread.ofPlatform().start(() -> sweepUntil(janitor, done));

    List<RecordedTask> tasks = new ArrayList<>();
    for (int i = 1; i <= TASKS; i++) {
      assertThat(served.acquire()).isTrue();
      // some expire within the time that a hand-over takes
      long deadline = i % 3 == 0 ? served.nanoTime() + i % 30_000 : Long.MAX_VALUE;
      RecordedTask task = RecordedTask.submit(served, deadline, i);
      tasks.add(task);
      if (i % 2 == 0) {
        toCancel.put(task);
      }
    }
    await().until(() -> served.inFlight() == 0);
    done.set(true);
    canceller.join();
    sweeper.join();

    int answered = 0;
    for (int i = 0; i < TASKS; i++) {
      RecordedTask task = tasks.get(i);
      assertThat(task.releases).as("task %d", i + 1).hasValue(1);
      assertThat(task.isDone()).isTrue();
      if (task.answer.isDone() && !task.answer.isCompletedExceptionally()) {
        assertThat(task.answer.join()).containsExactly(i + 1);
        answered++;
      }
    }
    ServingStatistics.Snapshot statistics = served.statistics().snapshot();
    assertThat(statistics.requests()).isEqualTo(answered);
    assertThat(statistics.requests() + statistics.failed()).isEqualTo(TASKS);
    assertThat(served.queuedRows()).isZero();
    assertThat(served.queuedBytes()).isZero();
    served.close(TimeUnit.SECONDS.toNanos(10));
    assertThat(backend.openModels).hasValue(0);
  }

  private static void cancelAll(ArrayBlockingQueue<RecordedTask> tasks, AtomicBoolean done) {
    while (!done.get() || !tasks.isEmpty()) {
      RecordedTask task = tasks.poll();
      if (task != null) {
        task.cancel();
      } else {
        Thread.onSpinWait();
      }
    }
  }

  private static void sweepUntil(Janitor janitor, AtomicBoolean done) {
    while (!done.get()) {
      janitor.tick();
      Thread.onSpinWait();
    }
  }
}
