// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import java.util.concurrent.atomic.LongAdder;

/**
 * How many ModelInfer calls are open: from their first byte until their answer has been written or
 * their caller is gone. Counted from event loops, read by whoever waits for the last one.
 */
final class OpenCalls {
  private final LongAdder begun = new LongAdder();
  private final LongAdder ended = new LongAdder();

  /** Of the calls that came in on this thread, which is their event loop. */
  private final ThreadLocal<int[]> ofThisThread = ThreadLocal.withInitial(() -> new int[1]);

  void begin() {
    begun.increment();
    ofThisThread.get()[0]++;
  }

  /** Once for each {@link #begin}, on its thread. */
  void end() {
    ended.increment();
    ofThisThread.get()[0]--;
  }

  /** Whether there are none, given that none begins any more. */
  boolean isNone() {
    return ended.sum() == begun.sum();
  }

  /** Whether there are none of this thread's. */
  boolean isNoneHere() {
    return ofThisThread.get()[0] <= 0;
  }
}
