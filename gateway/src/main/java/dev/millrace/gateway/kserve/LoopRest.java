// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import java.util.function.LongPredicate;

/**
 * How long an event loop may let pass between two looks at its connections: nothing, unless each
 * request that comes in there has to wait so long for its turn that it makes no difference, and the
 * loop shares its core with others, who gain by it.
 *
 * <p>The shortest wait of the last half second or more counts, so that callers of a fast model do
 * not pay for another one on their loop that is overloaded; those who come more seldom wait for a
 * rest of a millisecond at most, as do health checks. Used by the loop alone.
 */
final class LoopRest {
  /** Of the shortest wait, the part that a rest is. */
  private static final int PARTS = 16;

  /** A shorter rest costs as much as it saves. */
  private static final long LEAST_NANOS = 400_000;

  /** What is refused waits for no turn, and is to be told soon. */
  private static final long MOST_NANOS = 1_000_000;

  private static final long WINDOW_NANOS = 500_000_000;
  private static final long NONE = Long.MAX_VALUE;

  private final LongPredicate coreIsShared;

  private long shortest = NONE;
  private long shortestBefore = NONE;
  private long windowNanos;

  /**
   * @param coreIsShared at which time, whether others want the loop's core; asked on the loop
   */
  LoopRest(LongPredicate coreIsShared) {
    this.coreIsShared = coreIsShared;
  }

  /** A request has come in, before whose turn, or deadline, so much time passes. */
  void asked(long waitNanos) {
    shortest = Math.min(shortest, waitNanos);
  }

  /** From one look to the next; 0 for no rest. */
  long nanos(long nowNanos) {
    long passed = nowNanos - windowNanos;
    if (passed < 0 || passed >= WINDOW_NANOS) {
      shortestBefore = shortest;
      shortest = NONE;
      windowNanos = nowNanos;
    }
    long wait = Math.min(shortest, shortestBefore);
    long rest = wait == NONE ? 0 : Math.min(MOST_NANOS, wait / PARTS);
    return rest >= LEAST_NANOS && coreIsShared.test(nowNanos) ? rest : 0;
  }
}
