// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

/**
 * How fast rows come, forgetting exponentially; and what they ask of replicas, where rows differ in
 * cost. Owned by one thread at a time.
 */
public final class ArrivalRate {
  private static final long MOST_WINDOW_NANOS = 1_000_000_000;

  /** The average of so many is right to a fifth. */
  private static final double ENOUGH_ROWS = 32;

  private final long leastWindowNanos;
  private final int batches;
  private double windowNanos;
  private double rows;
  private double rowNanos;
  private double seen;
  private long last;
  private boolean begun;

  /**
   * @param leastWindowNanos over which it is averaged at least
   * @param batches that the window sees: fewer follow the noise, more lag behind
   */
  public ArrivalRate(long leastWindowNanos, int batches) {
    this.leastWindowNanos = leastWindowNanos;
    this.batches = batches;
    this.windowNanos = leastWindowNanos;
  }

  /** A window that suits batches which take so long. */
  public void batchesTake(long nanos) {
    double window = Math.clamp(nanos * batches, leastWindowNanos, MOST_WINDOW_NANOS);
    rows *= window / windowNanos;
    rowNanos *= window / windowNanos;
    windowNanos = window;
  }

  /**
   * Rows have come.
   *
   * @param atNanos when, on average; not before any earlier ones by more than the window
   * @param nanosPerRow what each adds to a batch's time
   */
  public void arrived(long atNanos, int rowCount, double nanosPerRow) {
    forgetUntil(atNanos);
    // what comes out of order is a little older than what is there
    double share = atNanos < last ? Math.exp((atNanos - last) / windowNanos) : 1;
    rows += rowCount * share;
    rowNanos += rowCount * nanosPerRow * share;
  }

  private void forgetUntil(long nowNanos) {
    if (!begun) {
      begun = true;
      last = nowNanos;
      return;
    }
    if (nowNanos > last) {
      double kept = Math.exp((last - nowNanos) / windowNanos);
      rows *= kept;
      rowNanos *= kept;
      seen = 1 - (1 - seen) * kept;
      last = nowNanos;
    }
  }

  /** Rows per nanosecond. */
  public double rate(long nowNanos) {
    forgetUntil(nowNanos);
    return perNanosecond(rows);
  }

  /** What rows add to the time of batches, as a share of one replica's time. */
  public double marginalLoad(long nowNanos) {
    forgetUntil(nowNanos);
    return perNanosecond(rowNanos);
  }

  /**
   * Just begun, the window is shorter than it will be. Few rows say little of a rate: with them it
   * is not taken for less than a tenth, and never for less than a hundredth.
   */
  private double perNanosecond(double amount) {
    double least = Math.clamp(0.1 * ENOUGH_ROWS / Math.max(1, rows), 0.01, 0.1);
    return amount / (windowNanos * Math.max(least, seen));
  }
}
