// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.Arrays;

/** Counts of values by fixed upper bounds. Not thread-safe: guarded by its owner. */
public final class Histogram {
  private final long[] upperBounds;
  private final long[] counts;
  private long sum;

  /**
   * @param upperBounds ascending, inclusive; one more bucket takes what lies above them
   */
  Histogram(long... upperBounds) {
    this.upperBounds = upperBounds;
    this.counts = new long[upperBounds.length + 1];
  }

  void add(long value) {
    int bucket = 0;
    while (bucket < upperBounds.length && value > upperBounds[bucket]) {
      bucket++;
    }
    counts[bucket]++;
    sum += value;
  }

  Snapshot snapshot() {
    return new Snapshot(upperBounds, counts.clone(), sum);
  }

  /**
   * A histogram at one moment.
   *
   * @param upperBounds ascending, inclusive
   * @param counts values per bucket, not cumulative; one more than bounds
   * @param sum of all values
   */
  @SuppressWarnings("ArrayRecordComponent") // read by exporters, never compared
  public record Snapshot(long[] upperBounds, long[] counts, long sum) {
    public long count() {
      return Arrays.stream(counts).sum();
    }
  }
}
