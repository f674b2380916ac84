// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.DeviceFault;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class CaptureLockTest {
  private static final long NO_PATIENCE = 0;

  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

  private final CaptureLock lock = new CaptureLock(MINUTE, MINUTE);
  private final AtomicBoolean captured = new AtomicBoolean();

  private static Thread start(FutureTask<?> task) {
    Thread thread = Thread.ofPlatform().unstarted(task);
    thread.start();
    return thread;
  }

  private FutureTask<Boolean> capture(CaptureLock lock) {
    return new FutureTask<>(() -> lock.alone(() -> captured.set(true)));
  }

  /** Whether somebody else gets a lock while this is held. */
  private static boolean isFree(Lock lock) throws Exception {
    FutureTask<Boolean> attempt =
        new FutureTask<>(
            () -> {
              boolean isFree = lock.tryLock(0, TimeUnit.NANOSECONDS); // in line, if there is one
              if (isFree) {
                lock.unlock();
              }
              return isFree;
            });
    start(attempt);
    return attempt.get();
  }

  @Test
  void aCaptureWaitsForRuns() throws Exception {
    FutureTask<Boolean> capture = capture(lock);
    Lock shared = lock.shared();
    shared.lock();
    try {
      Thread thread = start(capture);
      await().until(() -> !isFree(lock.creation())); // it has its turn
      await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);
      assertThat(captured).isFalse();
    } finally {
      shared.unlock();
    }
    assertThat(capture.get()).isTrue();
    assertThat(captured).isTrue();
  }

  @Test
  void nothingElseIsDoneMeanwhile() throws Exception {
    List<Boolean> free = new ArrayList<>();
    lock.alone(
        () -> {
          try {
            free.add(isFree(lock.shared()));
            free.add(isFree(lock.creation()));
          } catch (Exception e) {
            throw new OrtException(e.toString());
          }
        });
    assertThat(free).containsExactly(false, false);
    assertThat(isFree(lock.shared())).isTrue();
    assertThat(isFree(lock.creation())).isTrue();
  }

  @Test
  void aCaptureWaitsForCreationsWithoutAnyPatienceLostOrARunHalted() throws Exception {
    CaptureLock hasty = new CaptureLock(NO_PATIENCE, MINUTE);
    FutureTask<Boolean> capture = capture(hasty);
    Lock creation = hasty.creation();
    creation.lock();
    try {
      Thread thread = start(capture);
      await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);
      assertThat(capture.isDone()).isFalse();
      assertThat(isFree(hasty.shared())).isTrue();
    } finally {
      creation.unlock();
    }
    assertThat(capture.get()).isTrue();
  }

  @Test
  void runsDoNotWaitForCreationsNorCreationsForEachOther() throws Exception {
    Lock creation = lock.creation();
    creation.lock();
    try {
      assertThat(isFree(lock.shared())).isTrue();
      assertThat(isFree(lock.creation())).isTrue();
    } finally {
      creation.unlock();
    }
  }

  @Test
  void aRunThatDoesNotEndIsWaitedForInVainAndCreationsGoOn() throws Exception {
    CaptureLock hasty = new CaptureLock(NO_PATIENCE, MINUTE);
    FutureTask<Boolean> capture = capture(hasty);
    Lock shared = hasty.shared();
    shared.lock();
    try {
      start(capture);
      assertThat(capture.get()).isFalse();
      assertThat(isFree(hasty.creation())).isTrue();
    } finally {
      shared.unlock();
    }
    assertThat(captured).isFalse();
  }

  @Test
  void whoIsInterruptedWaitsNoLonger() throws Exception {
    for (Lock held : List.of(lock.creation(), lock.shared())) {
      FutureTask<Boolean> capture = capture(lock);
      held.lock();
      try {
        start(capture).interrupt();
        assertThatThrownBy(capture::get)
            .isInstanceOf(ExecutionException.class)
            .rootCause()
            .isInstanceOf(OrtException.class)
            .hasMessageContaining("interrupted");
      } finally {
        held.unlock();
      }
    }
    assertThat(isFree(lock.creation())).isTrue();
    assertThat(isFree(lock.shared())).isTrue();
  }

  @Test
  void aCaptureThatFailsGivesBothBack() throws Exception {
    assertThatThrownBy(
            () ->
                lock.alone(
                    () -> {
                      throw new OrtException("it failed");
                    }))
        .hasMessageContaining("it failed");
    assertThat(isFree(lock.creation())).isTrue();
    assertThat(isFree(lock.shared())).isTrue();
  }

  @Test
  void whoEntersIsToldThatACaptureHangs() throws Exception {
    CaptureLock impatient = new CaptureLock(MINUTE, NO_PATIENCE);
    List<Throwable> failures = new ArrayList<>();

    impatient.alone(
        () -> {
          for (Lock each : List.of(impatient.shared(), impatient.creation())) {
            FutureTask<Void> entering = entering(impatient, each);
            start(entering).interrupt(); // which is no reason to leave a batch unanswered
            failures.add(catchThrowable(entering::get).getCause());
          }
          FutureTask<Boolean> another = capture(impatient);
          start(another);
          failures.add(catchThrowable(another::get).getCause());
        });

    assertThat(failures)
        .hasSize(3)
        .allSatisfy(
            failure -> {
              assertThat(failure)
                  .isInstanceOf(OrtException.class)
                  .hasMessageContaining(": a capture has not ended for 0 s");
              assertThat(DeviceFault.of(failure.toString())).isEqualTo(DeviceFault.DEVICE_LOST);
            });
    for (Lock each : List.of(impatient.shared(), impatient.creation())) {
      FutureTask<Void> entering = entering(impatient, each);
      start(entering);
      entering.get();
    }
  }

  @Test
  void aSessionOfAGpuThatHangsIsLeftBehind() throws Exception {
    CaptureLock impatient = new CaptureLock(MINUTE, NO_PATIENCE);
    OrtSession session = Ort.environment().createSession(OnnxModels.matmul(2, 1));
    FutureTask<Void> closing =
        new FutureTask<>(() -> SessionFactory.closeOnGpu(session, impatient), null);

    impatient.alone(
        () -> {
          start(closing);
          assertThat(catchThrowable(closing::get)).isNull();
        });

    assertThat(session.getNumInputs()).as("it is open").isEqualTo(1);
    SessionFactory.closeOnGpu(session, impatient);
    assertThatThrownBy(session::getInputInfo).isInstanceOf(IllegalStateException.class);
  }

  /** Takes a lock and gives it back. */
  private static FutureTask<Void> entering(CaptureLock lock, Lock each) {
    return new FutureTask<>(
        () -> {
          lock.enter(each);
          each.unlock();
          return null;
        });
  }

  /** As in a process that loads, captures and serves; the timeout is the test for circles. */
  @Test
  void allKindsTogetherComeToAnEnd() throws Exception {
    AtomicInteger others = new AtomicInteger();
    AtomicInteger disturbed = new AtomicInteger();
    AtomicInteger captures = new AtomicInteger();
    CountDownLatch begin = new CountDownLatch(1);
    List<FutureTask<?>> tasks = new ArrayList<>();
    for (Lock each : List.of(lock.creation(), lock.creation(), lock.shared(), lock.shared())) {
      tasks.add(
          new FutureTask<>(
              () -> {
                begin.await();
                for (int i = 0; i < 2000; i++) {
                  lock.enter(each);
                  try {
                    others.incrementAndGet();
                    Thread.onSpinWait();
                    others.decrementAndGet();
                  } finally {
                    each.unlock();
                  }
                }
                return null;
              }));
    }
    for (int t = 0; t < 2; t++) {
      tasks.add(
          new FutureTask<>(
              () -> {
                begin.await();
                for (int i = 0; i < 50; i++) {
                  lock.alone(
                      () -> {
                        captures.incrementAndGet();
                        disturbed.addAndGet(others.get());
                      });
                }
                return null;
              }));
    }
    tasks.forEach(CaptureLockTest::start);
    begin.countDown();
    for (FutureTask<?> task : tasks) {
      task.get();
    }
    assertThat(captures).hasValue(100);
    assertThat(disturbed).hasValue(0);
  }
}
