// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

import java.util.Arrays;

/**
 * Batches as Triton's dynamic batcher forms them: requests in the order of their arrival within
 * their priority, and a batch as soon as a preferred size is reached.
 *
 * <ul>
 *   <li>The candidates are the requests from the head on that fit into the largest batch. If the
 *       first few of them make a preferred size, the largest such one is run.
 *   <li>If they come to the largest preferred size, or the next request would not fit, all are run:
 *       nothing is gained by waiting.
 *   <li>Else they wait for more until the oldest has waited for the delay, and are run then
 *       whatever their number. A delay that has passed beats preferred sizes.
 *   <li>Without a delay, and where nobody can wait (an event loop, a queue that closes), the
 *       candidates are run as they are.
 * </ul>
 *
 * <p>Nobody is refused for what is predicted, and a lower priority can starve.
 */
public final class TritonPolicy implements BatchPolicy {
  /** A longer delay is as good as none that ends, and must not overflow. */
  private static final long MOST_DELAY_NANOS = 86_400_000_000_000L;

  /** Ascending; empty stands for the largest batch there can be. */
  private final int[] preferredRows;

  private final long delayNanos;

  /**
   * @param preferredRows each at least 1; empty for the largest batch there can be
   * @param delayNanos how long the oldest request waits for more; 0 for not at all
   */
  public TritonPolicy(int[] preferredRows, long delayNanos) {
    this.preferredRows = preferredRows.clone();
    this.delayNanos = Math.min(delayNanos, MOST_DELAY_NANOS);
    Arrays.sort(this.preferredRows);
    if ((this.preferredRows.length > 0 && this.preferredRows[0] < 1) || delayNanos < 0) {
      throw new IllegalArgumentException(
          "preferredRows: %s, delayNanos: %d (expected 1 or more, and 0 or more)"
              .formatted(Arrays.toString(this.preferredRows), delayNanos));
    }
  }

  /** The level alone: of two requests of a level, a queue serves the one that came first. */
  @Override
  public long urgency(long arrivalNanos, long deadlineNanos, int priority) {
    return 2L * priority;
  }

  @Override
  public long urgencyOfDelayed(long nowNanos, int priority) {
    return 2L * priority + 1;
  }

  @Override
  public boolean predicts() {
    return false;
  }

  @Override
  public Decision decide(long nowNanos, QueueView queue) {
    LaneView lane = queue.lane();
    if (lane.runsAlone()) {
      return Decision.run(1);
    }
    int most = queue.maxBatchRows();
    int rows = 0;
    int preferred = 0;
    long oldest = lane.arrivalNanos(0);
    int next = 0;
    while (next < lane.items() && rows + lane.rows(next) <= most) {
      rows += lane.rows(next);
      oldest = Math.min(oldest, lane.arrivalNanos(next));
      if (Arrays.binarySearch(preferredRows, rows) >= 0) {
        preferred = rows;
      }
      next++;
    }
    long age = nowNanos - oldest;
    if (preferred > 0 && (delayNanos == 0 || age < delayNanos)) {
      return Decision.run(preferred);
    }
    boolean full = next < lane.items() || rows >= largestPreferred(most);
    return full || age >= delayNanos || !queue.mayWait()
        ? Decision.run(Math.max(1, rows))
        : Decision.waitUntil(oldest + delayNanos);
  }

  private int largestPreferred(int most) {
    return preferredRows.length == 0 ? most : preferredRows[preferredRows.length - 1];
  }
}
