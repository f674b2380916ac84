// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.Arrays;
import java.util.List;

/** Times in nanoseconds, exact: a histogram's rounding would hide what gates of 1 % are about. */
public final class Latencies {
  private final long[] sorted;
  private final double mean;

  private Latencies(long[] sorted) {
    this.sorted = sorted;
    this.mean = Arrays.stream(sorted).average().orElse(Double.NaN);
  }

  static Latencies of(long[] values) {
    long[] sorted = values.clone();
    Arrays.sort(sorted);
    return new Latencies(sorted);
  }

  /** All of several. */
  public static Latencies together(List<Latencies> parts) {
    return new Latencies(
        parts.stream().flatMapToLong(part -> Arrays.stream(part.sorted)).sorted().toArray());
  }

  public int count() {
    return sorted.length;
  }

  /** NaN if there are none. */
  public double meanNanos() {
    return mean;
  }

  /** The least time within which that share, in percent, of them lies; NaN if there are none. */
  public double percentileNanos(double percent) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    // a hair less, so that 99 % of 100 is the 99th in spite of rounding
    int rank = (int) Math.ceil(percent / 100 * sorted.length - 1e-9);
    return sorted[Math.clamp(rank - 1, 0, sorted.length - 1)];
  }
}
