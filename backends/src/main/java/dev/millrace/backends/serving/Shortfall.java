// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

/**
 * Why a served version has fewer replicas than it is to have, and when to try again: after a pause
 * that doubles each time, until it has been whole for longer than the longest of them. Any thread.
 */
final class Shortfall {
  private static final long FIRST_PAUSE_NANOS = 1_000_000_000;
  private static final long LONGEST_PAUSE_NANOS = 60_000_000_000L;

  private final Backoff backoff = new Backoff(FIRST_PAUSE_NANOS, LONGEST_PAUSE_NANOS);
  private String reason = "";
  private boolean endsWithRoom;
  private boolean isBeingTried;
  private long retryNanos;
  private long wholeSinceNanos;

  /**
   * One could not be had, or has ended.
   *
   * @param endsWithRoom whether to try again as soon as memory is released
   * @return whether all were there until now
   */
  synchronized boolean begin(String why, boolean endsWithRoom, long nowNanos) {
    boolean isNew = reason.isEmpty();
    if (isNew && nowNanos - wholeSinceNanos > LONGEST_PAUSE_NANOS) {
      backoff.reset();
    }
    reason = why;
    this.endsWithRoom = endsWithRoom;
    isBeingTried = false;
    retryNanos = nowNanos + backoff.next();
    return isNew;
  }

  /** All are there; answers whether one was missing until now. */
  synchronized boolean end(long nowNanos) {
    boolean wasShort = !reason.isEmpty();
    isBeingTried = false;
    if (wasShort) {
      wholeSinceNanos = nowNanos;
      reason = "";
    }
    return wasShort;
  }

  /** Empty if none is missing. */
  synchronized String reason() {
    return reason;
  }

  /** More memory is free than before. */
  synchronized void roomIsThere(long nowNanos) {
    if (endsWithRoom) {
      retryNanos = Math.min(retryNanos, nowNanos);
    }
  }

  /** Nanoseconds until another try is due; the largest number if none is to come. */
  synchronized long untilRetry(long nowNanos) {
    return reason.isEmpty() || isBeingTried ? Long.MAX_VALUE : retryNanos - nowNanos;
  }

  /** A try that was due is not worth it yet. */
  synchronized void postpone(long nowNanos) {
    begin(reason, endsWithRoom, nowNanos);
  }

  /** Whether the caller is to try again now; what comes of it is told. */
  synchronized boolean take(long nowNanos) {
    boolean isDue = untilRetry(nowNanos) <= 0;
    isBeingTried |= isDue;
    return isDue;
  }
}
