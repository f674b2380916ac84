// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.batching.Fairness;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Routes of one replica each, which is held in a run. */
@Timeout(60)
class JanitorTest {
  private static final long NEVER = Long.MAX_VALUE;

  private final ScriptedBackend backend = new ScriptedBackend();
  private final Janitor janitor = new Janitor(RunLimits.DEFAULT, System::nanoTime);
  private final CountDownLatch gate = new CountDownLatch(1);
  private final List<ServedVersion> started = new ArrayList<>();
  private volatile long nowNanos;

  @AfterEach
  void everythingIsFreed() throws Exception {
    gate.countDown();
    for (ServedVersion served : started) {
      served.close(TimeUnit.SECONDS.toNanos(10));
    }
    janitor.close();
    assertThat(backend.openModels).hasValue(0);
  }

  /** A served version whose only replica runs until the test ends. */
  private ServedVersion busyVersion(LongSupplier clock) throws Exception {
    backend.script = values -> values; // for warming
    ServedVersion served =
        new Loader(
                Map.of(ScriptedBackend.NAME, backend), Inlining.OFF, Fairness.NONE, janitor, clock)
            .load(
                new ModelArtifact("m", 1, Path.of("nowhere")), ListedRepository.MANIFEST, () -> {});
    started.add(served);
    CountDownLatch running = new CountDownLatch(1);
    backend.script =
        values -> {
          running.countDown();
          awaitUnlessInterrupted(gate);
          return values;
        };
    send(served, NEVER);
    running.await();
    return served;
  }

  private static void awaitUnlessInterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private ServedVersion busyVersion() throws Exception {
    ServedVersion served = busyVersion(() -> nowNanos);
    janitor.tick();
    return served;
  }

  private static RecordedTask send(ServedVersion served, long deadlineNanos) throws InferException {
    assertThat(served.acquire()).isTrue();
    return RecordedTask.submit(served, deadlineNanos, 1);
  }

  private static void assertExpired(RecordedTask task) {
    assertThatThrownBy(() -> task.answer.get(10, TimeUnit.SECONDS))
        .hasMessageContaining("deadline");
  }

  @Test
  void answersWhatExpiresWhileEveryReplicaIsBusy() throws Exception {
    ServedVersion served = busyVersion();
    RecordedTask task = send(served, 100);
    janitor.tick();
    assertThat(task.answer).isNotDone();

    nowNanos = 100;
    janitor.tick();

    assertExpired(task);
    assertThat(served.queuedRows()).isZero();
  }

  @Test
  void givesBackTheRoomOfWhatWasCancelled() throws Exception {
    ServedVersion served = busyVersion();
    send(served, NEVER).cancel();
    assertThat(served.queuedRows()).isEqualTo(1);

    janitor.tick();

    assertThat(served.queuedRows()).isZero();
  }

  @Test
  void looksAtNothingButWhatHasSomethingQueued() throws Exception {
    busyVersion();
    ServedVersion waiting = busyVersion();
    busyVersion();
    assertThat(janitor.tick()).isZero();

    send(waiting, 100);

    assertThat(janitor.tick()).isEqualTo(1);
    assertThat(janitor.tick()).isEqualTo(1);
    nowNanos = 100;
    assertThat(janitor.tick()).isEqualTo(1);
    assertThat(janitor.tick()).isZero();
  }

  @Test
  void watchesAServedVersionOnceHoweverMuchIsQueued() throws Exception {
    ServedVersion first = busyVersion();
    ServedVersion second = busyVersion();
    for (int i = 0; i < 5; i++) {
      send(first, 100);
      send(second, 100);
    }

    assertThat(janitor.tick()).isEqualTo(2);
  }

  @Test
  void seesToTheNextRequestHoweverLongItHasOnlyLookedAtRuns() throws Exception {
    ServedVersion served = busyVersion(System::nanoTime);
    janitor.start();
    for (int i = 0; i < 3; i++) {
      await().pollDelay(Duration.ofMillis(200)).until(() -> true); // sweeps no more

      assertExpired(send(served, served.nanoTime() + 1_000_000));
    }
  }

  @Test
  void sleepsWhileNothingIsQueuedAndNothingRunsAndWakesForTheNextRun() throws Exception {
    ServedVersion served = busyVersion(System::nanoTime);
    janitor.start();
    Thread thread =
        Thread.getAllStackTraces().keySet().stream()
            .filter(each -> each.getName().equals("janitor") && each.isAlive())
            .findAny()
            .orElseThrow();
    await().during(Duration.ofMillis(300)).until(() -> thread.getState() != Thread.State.WAITING);

    gate.countDown();
    await().until(() -> thread.getState() == Thread.State.WAITING);
    CountDownLatch nextGate = new CountDownLatch(1);
    backend.script =
        values -> {
          awaitUnlessInterrupted(nextGate);
          return values;
        };
    RecordedTask running = send(served, NEVER);
    await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);

    assertExpired(send(served, served.nanoTime() + 1_000_000));
    nextGate.countDown();
    assertThat(running.answer.get()).containsExactly(1);
    janitor.close();
    thread.join();
  }

  /**
   * A request comes just when the janitor lets go of its served version: nobody else would see it.
   */
  @Test
  void forgetsNoRequestThatComesWhileItLetsGo() throws Exception {
    ServedVersion served = busyVersion(System::nanoTime);
    AtomicBoolean done = new AtomicBoolean();
    Thread sweeper =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!done.get()) {
                    janitor.tick();
                  }
                });
    try {
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1500);
      for (long i = 0; System.nanoTime() < end; i++) {
        assertExpired(send(served, served.nanoTime() + 3_000 + i % 3_000));
      }
    } finally {
      done.set(true);
      sweeper.join();
    }
  }
}
