// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.channel.SelectStrategy;
import io.netty.util.IntSupplier;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Has an event loop that has run out of work look for more for a while before it sleeps.
 *
 * <p>To put a thread to sleep and wake it up again costs more than a small request: some
 * microseconds of processor time, and in a virtual machine, where a core that has nothing to do is
 * given back, tens of microseconds until it runs again. A caller that sends one request after the
 * other waits for that each time. A loop that is never out of work never polls, and one that is
 * idle polls once: what it costs lies between, at most the given time for each time that the loop
 * would have slept.
 *
 * <p>A loop whose calls are with replica threads does not poll: it may be their core that it would
 * keep busy. Between two looks the loop runs its tasks. One for each loop; used by it alone.
 */
final class BusyPolling implements SelectStrategy {
  private final long pollNanos;
  private final LongSupplier nanoClock;
  private final BooleanSupplier mayPoll;

  /** When the loop last had something to do. */
  private long busyNanos;

  /** Whether the loop has had something to do, or has slept, since the clock was last read. */
  private boolean worked = true;

  /**
   * @param mayPoll asked on the loop, when it has nothing to do
   */
  BusyPolling(Duration poll, LongSupplier nanoClock, BooleanSupplier mayPoll) {
    this.pollNanos = poll.toNanos();
    this.nanoClock = nanoClock;
    this.mayPoll = mayPoll;
  }

  @Override
  public int calculateStrategy(IntSupplier selectNow, boolean hasTasks) throws Exception {
    if (pollNanos == 0) {
      return hasTasks ? selectNow.get() : SELECT;
    }
    int ready = selectNow.get();
    if (ready > 0 || hasTasks) {
      worked = true; // the clock is read when there is nothing else to do
      return ready;
    }
    if (!mayPoll.getAsBoolean()) {
      worked = true;
      return SELECT;
    }
    long nowNanos = nanoClock.getAsLong();
    if (worked) {
      worked = false;
      busyNanos = nowNanos;
    }
    if (nowNanos - busyNanos < pollNanos) {
      return CONTINUE;
    }
    worked = true;
    return SELECT;
  }
}
