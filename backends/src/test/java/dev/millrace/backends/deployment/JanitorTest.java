// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

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

/** Deployments of one replica each, which is held in a run. */
@Timeout(60)
class JanitorTest {
  private static final long NEVER = Long.MAX_VALUE;

  private final ScriptedBackend backend = new ScriptedBackend();
  private final Janitor janitor = new Janitor(RunLimits.DEFAULT, System::nanoTime);
  private final CountDownLatch gate = new CountDownLatch(1);
  private final List<Deployment> started = new ArrayList<>();
  private volatile long nowNanos;

  @AfterEach
  void everythingIsFreed() throws Exception {
    gate.countDown();
    for (Deployment deployment : started) {
      deployment.close(TimeUnit.SECONDS.toNanos(10));
    }
    janitor.close();
    assertThat(backend.openModels).hasValue(0);
  }

  /** A deployment whose only replica runs until the test ends. */
  private Deployment busyDeployment(LongSupplier clock) throws Exception {
    backend.script = values -> values; // for warming
    Deployment deployment =
        new Loader(
                Map.of(ScriptedBackend.NAME, backend), Inlining.OFF, Fairness.NONE, janitor, clock)
            .load(
                new ModelArtifact("m", 1, Path.of("nowhere")), ListedRepository.MANIFEST, () -> {});
    started.add(deployment);
    CountDownLatch running = new CountDownLatch(1);
    backend.script =
        values -> {
          running.countDown();
          awaitUnlessInterrupted(gate);
          return values;
        };
    send(deployment, NEVER);
    running.await();
    return deployment;
  }

  private static void awaitUnlessInterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Deployment busyDeployment() throws Exception {
    Deployment deployment = busyDeployment(() -> nowNanos);
    janitor.tick();
    return deployment;
  }

  private static RecordedTask send(Deployment deployment, long deadlineNanos)
      throws InferException {
    assertThat(deployment.acquire()).isTrue();
    return RecordedTask.submit(deployment, deadlineNanos, 1);
  }

  private static void assertExpired(RecordedTask task) {
    assertThatThrownBy(() -> task.answer.get(10, TimeUnit.SECONDS))
        .hasMessageContaining("deadline");
  }

  @Test
  void answersWhatExpiresWhileEveryReplicaIsBusy() throws Exception {
    Deployment deployment = busyDeployment();
    RecordedTask task = send(deployment, 100);
    janitor.tick();
    assertThat(task.answer).isNotDone();

    nowNanos = 100;
    janitor.tick();

    assertExpired(task);
    assertThat(deployment.queuedRows()).isZero();
  }

  @Test
  void givesBackTheRoomOfWhatWasCancelled() throws Exception {
    Deployment deployment = busyDeployment();
    send(deployment, NEVER).cancel();
    assertThat(deployment.queuedRows()).isEqualTo(1);

    janitor.tick();

    assertThat(deployment.queuedRows()).isZero();
  }

  @Test
  void looksAtNothingButWhatHasSomethingQueued() throws Exception {
    busyDeployment();
    Deployment waiting = busyDeployment();
    busyDeployment();
    assertThat(janitor.tick()).isZero();

    send(waiting, 100);

    assertThat(janitor.tick()).isEqualTo(1);
    assertThat(janitor.tick()).isEqualTo(1);
    nowNanos = 100;
    assertThat(janitor.tick()).isEqualTo(1);
    assertThat(janitor.tick()).isZero();
  }

  @Test
  void watchesADeploymentOnceHoweverMuchIsQueued() throws Exception {
    Deployment first = busyDeployment();
    Deployment second = busyDeployment();
    for (int i = 0; i < 5; i++) {
      send(first, 100);
      send(second, 100);
    }

    assertThat(janitor.tick()).isEqualTo(2);
  }

  @Test
  void seesToTheNextRequestHoweverLongItHasOnlyLookedAtRuns() throws Exception {
    Deployment deployment = busyDeployment(System::nanoTime);
    janitor.start();
    for (int i = 0; i < 3; i++) {
      await().pollDelay(Duration.ofMillis(200)).until(() -> true); // sweeps no more

      assertExpired(send(deployment, deployment.nanoTime() + 1_000_000));
    }
  }

  @Test
  void sleepsWhileNothingIsQueuedAndNothingRunsAndWakesForTheNextRun() throws Exception {
    Deployment deployment = busyDeployment(System::nanoTime);
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
    RecordedTask running = send(deployment, NEVER);
    await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);

    assertExpired(send(deployment, deployment.nanoTime() + 1_000_000));
    nextGate.countDown();
    assertThat(running.answer.get()).containsExactly(1);
    janitor.close();
    thread.join();
  }

  /** A request comes just when the janitor lets go of its deployment: nobody else would see it. */
  @Test
  void forgetsNoRequestThatComesWhileItLetsGo() throws Exception {
    Deployment deployment = busyDeployment(System::nanoTime);
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
        assertExpired(send(deployment, deployment.nanoTime() + 3_000 + i % 3_000));
      }
    } finally {
      done.set(true);
      sweeper.join();
    }
  }
}
