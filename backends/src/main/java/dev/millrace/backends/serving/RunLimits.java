// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.concurrent.TimeUnit;

/**
 * How long a run may last before it is held to hang, and before it is ended.
 *
 * @param suspectFloorNanos no run is suspect before; not 0
 * @param terminateFloorNanos no run is terminated before, and a batch of which nobody knows what it
 *     costs is taken to cost as much
 * @param maxRunNanos what any run may last, instead of the rule; 0 for the rule
 */
record RunLimits(long suspectFloorNanos, long terminateFloorNanos, long maxRunNanos) {
  /**
   * Times what is expected. 4: further than a neighbour on the processor, or a machine that is
   * twice as slow for a while, can stretch a run. A replica that is suspect without reason costs
   * nothing but that others do not count on it.
   */
  private static final int SUSPECT_FACTOR = 4;

  /** Times what is expected. 10: an end costs the whole batch its answers, so in no doubt. */
  private static final int TERMINATE_FACTOR = 10;

  /**
   * 100 ms: pauses of the collector and of the operating system are over by then, and each would
   * make a suspect of a run that is expected to take microseconds. 10 s: what depends on values (a
   * loop in a graph) may take far longer than what was seen; most callers are gone by then.
   */
  static final RunLimits DEFAULT =
      new RunLimits(TimeUnit.MILLISECONDS.toNanos(100), TimeUnit.SECONDS.toNanos(10), 0);

  /** These, with another maximum. */
  RunLimits withMaxRunNanos(long nanos) {
    return new RunLimits(suspectFloorNanos, terminateFloorNanos, nanos);
  }

  /**
   * How long a run lasts until it is suspect.
   *
   * @param expectedNanos what it should take; Long.MAX_VALUE if nobody knows
   */
  long suspectAfter(long expectedNanos) {
    long nanos = Math.max(suspectFloorNanos, times(SUSPECT_FACTOR, expectedNanos));
    return maxRunNanos > 0 ? Math.min(maxRunNanos, nanos) : nanos;
  }

  /**
   * How long a run lasts until it is terminated.
   *
   * @param deadlineNanos how long after its beginning the last deadline in the batch passes; those
   *     that wait so long are given their time
   */
  long terminateAfter(long expectedNanos, long deadlineNanos) {
    return maxRunNanos > 0
        ? maxRunNanos
        : Math.max(
            deadlineNanos, Math.max(terminateFloorNanos, times(TERMINATE_FACTOR, expectedNanos)));
  }

  private long times(int factor, long expectedNanos) {
    long expected = expectedNanos == Long.MAX_VALUE ? terminateFloorNanos : expectedNanos;
    return Math.min(expected, Long.MAX_VALUE / factor) * factor;
  }
}
