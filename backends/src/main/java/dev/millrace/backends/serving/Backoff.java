// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

/** Pauses between tries, each twice as long as the one before. Of one thread at a time. */
final class Backoff {
  /** A first pause of a nanosecond would last a second by then. */
  private static final int MOST_DOUBLINGS = 30;

  private final long firstNanos;
  private final long longestNanos;
  private int tries;

  Backoff(long firstNanos, long longestNanos) {
    this.firstNanos = firstNanos;
    this.longestNanos = longestNanos;
  }

  /** Nanoseconds until the next try. */
  long next() {
    long nanos = Math.min(longestNanos, firstNanos << Math.min(tries, MOST_DOUBLINGS));
    tries++;
    return nanos;
  }

  /** The next pause is the first again. */
  void reset() {
    tries = 0;
  }

  /** Whether one was asked for since it began anew. */
  boolean hasBegun() {
    return tries > 0;
  }
}
