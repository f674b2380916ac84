// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import dev.millrace.backends.device.DeviceFault;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps calls of CUDA from each other, of all threads and GPUs of this process: while a run is
 * captured, which is a matter of milliseconds, CUDA refuses any other call that takes memory or
 * waits, and the capture is spoilt as well.
 *
 * <p>Calls are of two kinds, each with a lock that they share, and that a capture holds alone:
 *
 * <ul>
 *   <li><em>Creations</em> of sessions, which take seconds, or minutes with TensorRT.
 *   <li>All <em>others</em>, which are short: runs, memory that is taken or freed, sessions that
 *       are closed.
 * </ul>
 *
 * <p>A capture takes the lock of creations first, and that of the others only once it has it. So it
 * waits for creations as long as they last, which says nothing of the GPU's health, and keeps
 * nobody waiting meanwhile but creations that come later. Runs are in its way for as long as one
 * takes, and stand still for it as briefly.
 *
 * <p>A GPU may hang in a capture, and then nothing of this process can use any: whoever waits is
 * told so, and goes elsewhere.
 *
 * <p>Nobody waits in a circle: only a capture holds both locks, always in that order. A creation
 * holds none of the others' lock, and whoever holds that asks for nothing more: neither for a
 * creation nor for a capture.
 */
final class CaptureLock {
  /** Of the GPUs of this process. */
  static final CaptureLock GPUS =
      new CaptureLock(TimeUnit.SECONDS.toNanos(20), TimeUnit.SECONDS.toNanos(60));

  /** Whoever waits in line for it alone keeps all others waiting meanwhile: seldom, and briefly. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final long IN_LINE_MILLIS = 100;
  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  private final ReentrantReadWriteLock creations = new ReentrantReadWriteLock();
  private final ReentrantReadWriteLock others = new ReentrantReadWriteLock();
  private final long patienceNanos;
  private final long longestNanos;

  /** When the capture began that is going on; empty if none is. */
  private volatile OptionalLong captureBegin = OptionalLong.empty();

  /** What is done with a GPU. */
  @FunctionalInterface
  interface Call {
    void run() throws OrtException;
  }

  /**
   * @param patienceNanos how long a capture waits for a moment without runs: one that never ends
   *     must not make the others stand still now and then for good
   * @param longestNanos after which a capture is taken for hung
   */
  CaptureLock(long patienceNanos, long longestNanos) {
    this.patienceNanos = patienceNanos;
    this.longestNanos = longestNanos;
  }

  /** For the creation of a session; see {@link #enter}. */
  Lock creation() {
    return creations.readLock();
  }

  /** For anything else that is done with a GPU; see {@link #enter}. */
  Lock shared() {
    return others.readLock();
  }

  /**
   * Locks one of the two. Interrupts are left for later.
   *
   * @throws OrtException if a capture hangs; its text says that the GPU is lost
   */
  void enter(Lock lock) throws OrtException {
    boolean isInterrupted = false;
    try {
      while (true) {
        try {
          await(lock);
          return;
        } catch (InterruptedException e) {
          isInterrupted = true;
        }
      }
    } finally {
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void await(Lock lock) throws InterruptedException, OrtException {
    boolean wasHung = false;
    while (!lock.tryLock(IN_LINE_MILLIS, TimeUnit.MILLISECONDS)) { // in line, unlike tryLock()
      long nanos = nanosOfCapture();
      boolean isHung = nanos > longestNanos;
      if (isHung && wasHung) { // twice: this process may just go on after a pause
        throw new OrtException(
            "%s: a capture has not ended for %d s"
                .formatted(DeviceFault.NO_ANSWER, TimeUnit.NANOSECONDS.toSeconds(nanos)));
      }
      wasHung = isHung;
    }
  }

  private long nanosOfCapture() {
    OptionalLong begin = captureBegin;
    return begin.isEmpty() ? 0 : System.nanoTime() - begin.getAsLong();
  }

  /**
   * Captures, when nothing else is done with a GPU.
   *
   * @return whether it did; false if no moment was found between runs in a long time
   * @throws OrtException the capture's, or if another one hangs, or the thread is interrupted while
   *     it waits
   */
  boolean alone(Call capture) throws OrtException {
    Lock turn = creations.writeLock();
    try {
      await(turn);
      try {
        return aloneInTurn(capture);
      } finally {
        turn.unlock();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OrtException("interrupted");
    }
  }

  private boolean aloneInTurn(Call capture) throws InterruptedException, OrtException {
    Lock alone = others.writeLock();
    if (!tryLock(alone)) {
      return false;
    }
    try {
      captureBegin = OptionalLong.of(System.nanoTime());
      capture.run();
      return true;
    } finally {
      captureBegin = OptionalLong.empty();
      alone.unlock();
    }
  }

  private boolean tryLock(Lock alone) throws InterruptedException {
    long begin = System.nanoTime();
    while (!lookFor(alone) && !alone.tryLock(IN_LINE_MILLIS, TimeUnit.MILLISECONDS)) {
      if (System.nanoTime() - begin > patienceNanos) {
        return false;
      }
    }
    return true;
  }

  private static boolean lookFor(Lock alone) throws InterruptedException {
    long end = System.nanoTime() + LOOK_NANOS;
    while (!alone.tryLock()) {
      if (System.nanoTime() - end > 0) {
        return false;
      }
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return true;
  }
}
