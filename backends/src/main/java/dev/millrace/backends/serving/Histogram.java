// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.Arrays;

/** Counts of values by fixed upper bounds. Not thread-safe: guarded by its owner. */
public final class Histogram {
  private final int parts;
  private final long[] upperBounds;
  private final long[] counts;
  private long sum;

  /**
   * @param upperBounds ascending, inclusive; one more bucket takes what lies above them
   */
  Histogram(long... upperBounds) {
    this(1, upperBounds);
  }

  private Histogram(int parts, long[] upperBounds) {
    this.parts = parts;
    this.upperBounds = upperBounds;
    this.counts = new long[upperBounds.length + 1];
  }

  /**
   * A histogram whose buckets, but for the last, are equal parts of those that are told apart by
   * {@link Snapshot#coarse}.
   */
  static Histogram inParts(int parts, long... upperBounds) {
    long[] bounds = new long[upperBounds.length * parts];
    long below = 0;
    for (int i = 0; i < bounds.length; i++) {
      long bound = upperBounds[i / parts];
      bounds[i] = below + (bound - below) * (i % parts + 1) / parts;
      below = i % parts == parts - 1 ? bound : below;
    }
    return new Histogram(parts, bounds);
  }

  void add(long value) {
    int found = Arrays.binarySearch(upperBounds, value);
    counts[found >= 0 ? found : -1 - found]++;
    sum += value;
  }

  Snapshot snapshot() {
    return new Snapshot(parts, upperBounds, counts.clone(), sum);
  }

  /**
   * A histogram at one moment.
   *
   * @param parts of which a bucket of the coarse one is made
   * @param upperBounds ascending, inclusive
   * @param counts values per bucket, not cumulative; one more than bounds
   * @param sum of all values
   */
  @SuppressWarnings("ArrayRecordComponent") // read by exporters, never compared
  public record Snapshot(int parts, long[] upperBounds, long[] counts, long sum) {
    public long count() {
      return Arrays.stream(counts).sum();
    }

    /** The same with whole buckets: few enough to be exported. */
    public Snapshot coarse() {
      int length = upperBounds.length / parts;
      long[] bounds = new long[length];
      long[] sums = new long[length + 1];
      for (int i = 0; i < counts.length; i++) {
        sums[i / parts] += counts[i];
      }
      for (int i = 0; i < length; i++) {
        bounds[i] = upperBounds[(i + 1) * parts - 1];
      }
      return new Snapshot(1, bounds, sums, sum);
    }
  }
}
