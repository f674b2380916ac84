// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps calls of CUDA from each other, of all threads and GPUs of this process: while a run is
 * captured, which is a matter of milliseconds, CUDA refuses any other call that takes memory or
 * waits, and the capture is spoilt as well.
 */
final class CaptureLock {
  /** Whoever waits in line for it alone keeps all others waiting meanwhile: seldom, and briefly. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final long IN_LINE_MILLIS = 100;
  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  /** A run that never ends must not keep the others from running. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

  private static final ReentrantReadWriteLock LOCK = new ReentrantReadWriteLock();

  private CaptureLock() {}

  /** For anything else that is done with a GPU. */
  static Lock shared() {
    return LOCK.readLock();
  }

  /**
   * Takes the lock that a capture needs.
   *
   * @throws OrtException if the GPUs are not left alone for a long time
   */
  static Lock lockAlone() throws OrtException {
    Lock alone = LOCK.writeLock();
    long begin = System.nanoTime();
    try {
      while (!lookFor(alone) && !alone.tryLock(IN_LINE_MILLIS, TimeUnit.MILLISECONDS)) {
        if (System.nanoTime() - begin > PATIENCE_NANOS) {
          throw new OrtException("no moment without other calls of the GPU in 20 s");
        }
      }
      return alone;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OrtException("interrupted");
    }
  }

  private static boolean lookFor(Lock alone) {
    long end = System.nanoTime() + LOOK_NANOS;
    while (!alone.tryLock()) {
      if (System.nanoTime() - end > 0) {
        return false;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return true;
  }
}
