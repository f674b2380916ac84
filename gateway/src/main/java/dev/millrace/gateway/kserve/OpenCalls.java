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

  void begin() {
    begun.increment();
  }

  /** Once for each {@link #begin}. */
  void end() {
    ended.increment();
  }

  /** Whether there are none, given that none begins any more. */
  boolean isNone() {
    return ended.sum() == begun.sum();
  }
}
