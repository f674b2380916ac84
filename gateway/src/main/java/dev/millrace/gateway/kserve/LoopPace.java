// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.channel.SelectStrategy;
import io.netty.util.IntSupplier;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;

/**
 * When an event loop looks at its connections: more often than it has to while it waits for work of
 * its own, less often while it would only be in the way.
 *
 * <p><b>It polls.</b> To put a thread to sleep and wake it up again costs more than a small
 * request: some microseconds of processor time, and in a virtual machine, where a core that has
 * nothing to do is given back, tens of microseconds until it runs again. A caller that sends one
 * request after the other waits for that each time. So a loop that has run out of work looks for
 * more for a while before it sleeps, and runs its tasks between two looks. A loop that is never out
 * of work never polls, and one that is idle polls once: what it costs lies between, at most the
 * given time for each time that the loop would have slept. A loop whose calls are with replica
 * threads does not poll: it may be their core that it would keep busy.
 *
 * <p><b>It rests.</b> Where the loop shares its core with a replica and many requests wait anyway,
 * each look takes the core away from a batch, with its caches, for a request or two. So it lets
 * some time pass between two looks ({@link LoopRest}), and sees to more requests in each. Its
 * tasks, answers among them, wait as long.
 *
 * <p>One for each loop; used by it alone.
 */
final class LoopPace implements SelectStrategy {
  private final long pollNanos;
  private final LongSupplier nanoClock;
  private final BooleanSupplier mayPoll;
  private final LongUnaryOperator restNanos;
  private final LongConsumer sleeper;

  /** When the loop last had something to do. */
  private long busyNanos;

  /** Whether the loop has had something to do, or has slept, since the clock was last read. */
  private boolean worked = true;

  /** When the loop last looked, if its calls were with replica threads. */
  private long lookedNanos;

  /**
   * @param mayPoll asked on the loop, when it has nothing to do
   * @param restNanos at which time, how long from one look to the next, while the loop's calls are
   *     with replica threads
   * @param sleeper lets so many nanoseconds pass, or fewer
   */
  LoopPace(
      Duration poll,
      LongSupplier nanoClock,
      BooleanSupplier mayPoll,
      LongUnaryOperator restNanos,
      LongConsumer sleeper) {
    this.pollNanos = poll.toNanos();
    this.nanoClock = nanoClock;
    this.mayPoll = mayPoll;
    this.restNanos = restNanos;
    this.sleeper = sleeper;
  }

  @Override
  public int calculateStrategy(IntSupplier selectNow, boolean hasTasks) throws Exception {
    boolean polls = mayPoll.getAsBoolean();
    if (!polls) {
      rest();
    }
    if (pollNanos == 0) {
      return hasTasks ? selectNow.get() : SELECT;
    }
    int ready = selectNow.get();
    if (ready > 0 || hasTasks) {
      worked = true; // the clock is read when there is nothing else to do
      return ready;
    }
    if (!polls) {
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

  private void rest() {
    long nowNanos = nanoClock.getAsLong();
    long rest = restNanos.applyAsLong(nowNanos);
    long left = lookedNanos + rest - nowNanos;
    if (rest > 0 && left > 0 && left <= rest) {
      sleeper.accept(left);
      nowNanos = nanoClock.getAsLong();
    }
    lookedNanos = nowNanos;
  }
}
