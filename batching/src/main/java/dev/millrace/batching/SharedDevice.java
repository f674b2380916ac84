// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.RunsInFlight;

/**
 * The account of one device that replicas share: how many batches run on it and, of each, the time
 * it has spent with how many.
 *
 * <p>Kept as sums: for each number of runs, for how long so many have run since the beginning. A
 * batch remembers them as of its start, and what has been added at its end is its own share. So a
 * start and an end cost a few additions, however many run.
 *
 * <p>Starts and ends are told in the order in which they are seen, by the leader. An end that is
 * seen late, behind a later start, counts from that start on. The leader's.
 */
final class SharedDevice {
  private final int index;
  private final long[] nanosWith = new long[RunsInFlight.LENGTH];
  private long toldNanos;
  private int running;
  private boolean taken;

  SharedDevice(int index) {
    this.index = index;
  }

  int index() {
    return index;
  }

  int running() {
    return running;
  }

  /**
   * Whether a batch may start.
   *
   * @param limit batches that may run at a time
   */
  boolean isOpen(int limit) {
    return running == 0 || (running < limit && !taken);
  }

  /**
   * A batch starts.
   *
   * @param nanosBefore receives the sums as of now
   * @param alone whether it needs the device for itself: none may start before it has ended
   */
  void start(long nowNanos, long[] nanosBefore, boolean alone) {
    advance(nowNanos);
    running++;
    taken = alone;
    System.arraycopy(nanosWith, 0, nanosBefore, 0, nanosWith.length);
  }

  /**
   * A batch has ended.
   *
   * @param nanosBefore the sums as of its start; receives what it has spent with how many
   */
  void end(long endNanos, long[] nanosBefore) {
    advance(endNanos);
    running--;
    taken = false;
    for (int i = 0; i < nanosWith.length; i++) {
      nanosBefore[i] = nanosWith[i] - nanosBefore[i];
    }
  }

  private void advance(long nanos) {
    if (nanos > toldNanos) {
      nanosWith[Math.min(running, nanosWith.length - 1)] += nanos - toldNanos;
      toldNanos = nanos;
    }
  }
}
