// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongPredicate;

/**
 * Whether a thread shares its core, as Linux counts it: how much of the time it was ready to run
 * and others ran instead. Where that is not counted, no. One for each thread; used by it alone.
 *
 * <p>Source: second field of {@code schedstat} in Linux's {@code
 * Documentation/scheduler/sched-stats.rst}, nanoseconds.
 */
final class CoreSharing implements LongPredicate {
  static final Path OF_THIS_THREAD = Path.of("/proc/thread-self/schedstat");

  private static final long LOOK_AGAIN_NANOS = 100_000_000;

  /** Over a longer time an average says nothing of now. */
  private static final long TOO_LONG_NANOS = 1_000_000_000;

  /** Of the time, what a thread waits if it shares its core, and what it does if not. */
  private static final double SHARED = 0.05;

  private static final double NOT_SHARED = 0.02;

  private final Path counts;
  private long lookedNanos;
  private long waitedNanos = -1;
  private boolean shared;

  CoreSharing(Path counts) {
    this.counts = counts;
  }

  @Override
  public boolean test(long nowNanos) {
    long passed = nowNanos - lookedNanos;
    if (waitedNanos >= 0 && passed >= 0 && passed < LOOK_AGAIN_NANOS) {
      return shared;
    }
    long waited = waitedNanos();
    boolean isKnown = waitedNanos > 0 && passed > 0 && passed < TOO_LONG_NANOS;
    shared = isKnown && waited - waitedNanos > (shared ? NOT_SHARED : SHARED) * passed;
    waitedNanos = waited;
    lookedNanos = nowNanos;
    return shared;
  }

  /** How long this thread has waited for a core so far; 0 if that is not known. */
  private long waitedNanos() {
    try {
      return Long.parseLong(Files.readString(counts).strip().split(" ", 3)[1]);
    } catch (IOException | RuntimeException e) {
      return 0; // no Linux, or one that does not count
    }
  }
}
