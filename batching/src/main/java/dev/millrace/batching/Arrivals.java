// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.ArrivalRate;

/**
 * How fast rows come to a queue and what they add to batches: gathered entry by entry, told to the
 * rates once a visit. The leader's.
 */
final class Arrivals {
  private final ArrivalRate usual = new ArrivalRate(20_000_000, 8);

  /** To see the end of an overload by. */
  private final ArrivalRate latest = new ArrivalRate(10_000_000, 2);

  /** Over the time that demand is averaged over: what {@link #latest} is to be compared with. */
  private final ArrivalRate demand =
      new ArrivalRate(Shares.LEAST_WINDOW_NANOS, Shares.WINDOW_BATCHES);

  // since the rates were told
  private int rows;
  private double sinceFirst;
  private long first;
  private double load;

  private double nanosPerRow;

  /** Rows of one entry have come, each of which adds so much to a batch's time. */
  void add(long arrivalNanos, int entryRows, double nanosEach) {
    if (rows == 0) {
      first = arrivalNanos;
    }
    rows += entryRows;
    sinceFirst += (double) entryRows * (arrivalNanos - first);
    load += entryRows * nanosEach;
  }

  /**
   * Tells the rates of what was added, and of rows that were refused: a policy has to know what it
   * could have.
   */
  void tell(long nowNanos, int refusedRows) {
    if (refusedRows > 0) {
      arrived(nowNanos, refusedRows);
    }
    if (rows > 0) {
      nanosPerRow = load / rows;
      arrived(first + (long) (sinceFirst / rows), rows);
      rows = 0;
      sinceFirst = 0;
      load = 0;
    }
  }

  private void arrived(long atNanos, int count) {
    usual.arrived(atNanos, count, nanosPerRow);
    latest.arrived(atNanos, count, nanosPerRow);
    demand.arrived(atNanos, count, nanosPerRow);
  }

  /** Windows that suit batches which take so long. */
  void batchesTake(long nanos) {
    usual.batchesTake(nanos);
    latest.batchesTake(nanos);
    demand.batchesTake(nanos);
  }

  /** Rows per nanosecond. */
  double rate(long nowNanos) {
    return usual.rate(nowNanos);
  }

  /** The same over the last two batches. */
  double latestRate(long nowNanos) {
    return latest.rate(nowNanos);
  }

  /** How far demand has fallen below its average: 1 if it has not. */
  double trend(long nowNanos) {
    return Math.min(1, latest.rate(nowNanos) / Math.max(demand.rate(nowNanos), 1e-12));
  }

  /** What rows add to the time of batches, as a share of one replica's time. */
  double marginalLoad(long nowNanos) {
    return usual.marginalLoad(nowNanos);
  }
}
