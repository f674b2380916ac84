// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Whether calls of the administration are still taken, and how many are under way. A gateway that
 * stops takes no more, and then waits for these, before it closes what they work on. Any thread.
 */
public final class Intake {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition quiet = lock.newCondition();

  // guarded by the lock
  private boolean closed;
  private int underWay;

  /**
   * Something begins; {@link #leave} is to follow.
   *
   * @throws StatusRuntimeException UNAVAILABLE if nothing is taken any more
   */
  void enter() {
    lock.lock();
    try {
      if (closed) {
        throw refusal();
      }
      underWay++;
    } finally {
      lock.unlock();
    }
  }

  void leave() {
    lock.lock();
    try {
      underWay--;
      if (underWay == 0) {
        quiet.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  static StatusRuntimeException refusal() {
    return Status.UNAVAILABLE
        .withDescription("the gateway is stopping: its administration takes no more calls")
        .asRuntimeException();
  }

  /** Takes nothing from now on. */
  public void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until what is under way is over.
   *
   * @return whether it is; false if that takes longer
   */
  public boolean awaitQuiet(long nanos) throws InterruptedException {
    long leftNanos = nanos;
    lock.lockInterruptibly();
    try {
      while (underWay > 0) {
        if (leftNanos <= 0) {
          return false;
        }
        leftNanos = quiet.awaitNanos(leftNanos);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }
}
