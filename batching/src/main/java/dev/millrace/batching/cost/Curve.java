// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What is known of the time that batches of one shape take, by their rows. Immutable; times are in
 * nanoseconds and never fall with the number of rows.
 *
 * <p>The table is what was seen. The line {@code alpha + beta · rows} is its best fit where batches
 * are worth running, for the closed forms of a policy.
 */
public final class Curve {
  /** Safety of {@link #plus}, in standard deviations; more costs capacity, less costs deadlines. */
  private static final double DEVIATIONS = 1.25;

  /**
   * More is not planned for: a phase of interruptions would otherwise make every deadline look too
   * short, and what is refused teaches nothing.
   */
  private static final double MOST_VARIATION = 0.5;

  /** Of the largest throughput, what a batch at the knee reaches. */
  private static final double KNEE = 0.7;

  private static final int TRUSTED_SAMPLES = 8;

  private static final long TRIAL_PAUSE_NANOS = 100_000_000;

  /** Nothing has run yet: no time is known, and one row at a time is tried. */
  public static final Curve UNKNOWN = new Curve(new double[0], 0, 0, 0, 1, 1, 1, 0);

  private final double[] nanos;
  private final double alpha;
  private final double beta;
  private final double plusFactor;
  private final int cap;
  private final int knee;
  private final int limit;
  private final int samples;

  /**
   * @param nanos expected time at {@link Sizes#rowsOf} each index, not falling
   * @param variation coefficient of variation of one run
   * @param cap rows at which throughput is at its best
   * @param promising rows at which it may be, given what has not been tried; cap or more
   * @param limit rows that may be tried
   * @param samples batches seen
   */
  Curve(
      double[] nanos,
      double alpha,
      double beta,
      double variation,
      int cap,
      int promising,
      int limit,
      int samples) {
    this.nanos = nanos;
    this.alpha = alpha;
    this.beta = beta;
    this.plusFactor = 1 + DEVIATIONS * Math.min(variation, MOST_VARIATION);
    this.cap = cap;
    this.limit = limit;
    this.samples = samples;
    this.knee = findKnee(promising);
  }

  private Curve(Curve alone, double pace) {
    this.nanos = Arrays.stream(alone.nanos).map(each -> each / pace).toArray();
    this.alpha = alone.alpha / pace;
    this.beta = alone.beta / pace;
    this.plusFactor = alone.plusFactor;
    this.cap = alone.cap;
    this.knee = alone.knee;
    this.limit = alone.limit;
    this.samples = alone.samples;
  }

  /** The same of runs that come only so far, as a share of what they do now. */
  Curve at(double pace) {
    return pace == 1 || !isKnown() ? this : new Curve(this, pace);
  }

  private int findKnee(int promising) {
    if (!isKnown()) {
      return 1;
    }
    double most = promising > cap ? promising / (alpha + beta * promising) : cap / at(cap);
    int rows = 1;
    while (rows < promising && rows / at(rows) < KNEE * most) {
      rows++;
    }
    return rows;
  }

  /** Whether anything has run. */
  public boolean isKnown() {
    return samples > 0;
  }

  /** Whether enough has run for requests to be refused or shed for what is predicted. */
  public boolean isTrusted() {
    return samples >= TRUSTED_SAMPLES;
  }

  /**
   * Whether one has to be run to find out: predictions that keep everything from running would
   * never be corrected.
   *
   * @param sinceNanos time since a batch of this shape was taken
   */
  public boolean isDue(long sinceNanos) {
    return sinceNanos > Math.max(TRIAL_PAUSE_NANOS, 4 * plus(1));
  }

  /** Batches that were seen. */
  public int samples() {
    return samples;
  }

  /** Expected time of a batch. */
  public long mean(int rows) {
    return (long) at(rows);
  }

  /** A time that a batch keeps to, in all likelihood. */
  public long plus(int rows) {
    return (long) (at(rows) * plusFactor);
  }

  /** Whether batches of that size or larger have been seen: what is beyond is a careful guess. */
  boolean hasSeen(int rows) {
    return nanos.length > 1 && rows <= Sizes.rowsOf(nanos.length - 2);
  }

  /** The fixed part of a batch's time. */
  public double alpha() {
    return alpha;
  }

  /** The time that each row adds. */
  public double beta() {
    return beta;
  }

  /**
   * Standard deviation of a batch's time over its mean, as far as it is planned for: at most 0.5.
   */
  public double variation() {
    return (plusFactor - 1) / DEVIATIONS;
  }

  /** The fewest rows with which throughput is at its best, as far as it is known. */
  public int cap() {
    return cap;
  }

  /** The fewest rows with which throughput is worth its latency. */
  public int knee() {
    return knee;
  }

  /** Rows of a batch at most: the cap, or another size while that is tried. */
  public int limit() {
    return limit;
  }

  /** The most rows that are done within a time, in all likelihood; 0 if not even one is. */
  public int rowsWithin(long budgetNanos) {
    if (nanos.length == 0) {
      return 1;
    }
    double budget = budgetNanos / plusFactor;
    if (nanos[0] > budget) {
      return 0;
    }
    int low = Arrays.binarySearch(nanos, budget);
    if (low < 0) {
      low = -low - 2;
    }
    while (low + 1 < nanos.length && nanos[low + 1] <= budget) {
      low++; // equal times: the largest
    }
    if (low == nanos.length - 1) {
      return (int) Math.min(1 << 30, Sizes.rowsOf(low) + (budget - nanos[low]) / lastSlope());
    }
    int from = Sizes.rowsOf(low);
    int to = Sizes.rowsOf(low + 1);
    return from + (int) ((to - from) * (budget - nanos[low]) / (nanos[low + 1] - nanos[low]));
  }

  /**
   * The batch with most throughput that a saturated group of replicas can run again and again while
   * each request waits no longer than its objective: {@code plus(b) · (1 + 1/n) <= slo}.
   *
   * @return 1..{@link #worthwhile}
   */
  public int sustainable(long sloNanos, int replicas) {
    long budget = sloNanos / (replicas + 1) * replicas;
    return Math.clamp(rowsWithin(budget), 1, worthwhile());
  }

  /** Rows that a batch may well have: of a model that gains nothing from them, no more than cap. */
  public int worthwhile() {
    return alpha > 0 ? limit : cap;
  }

  /** What was seen, by rows ascending. For people. */
  public List<Point> points() {
    // the last of the table lies behind the largest size seen
    return IntStream.range(0, nanos.length - 1)
        .mapToObj(i -> new Point(Sizes.rowsOf(i), nanos[i]))
        .toList();
  }

  /** How long so many rows are expected to take. */
  public record Point(int rows, double nanos) {}

  private double at(int rows) {
    if (nanos.length == 0) {
      return 0;
    }
    int index = Sizes.indexOf(rows);
    if (index >= nanos.length - 1) {
      int last = nanos.length - 1;
      return nanos[last] + Math.max(0, rows - Sizes.rowsOf(last)) * lastSlope();
    }
    int from = Sizes.rowsOf(index);
    if (rows == from) {
      return nanos[index];
    }
    int to = Sizes.rowsOf(index + 1);
    return nanos[index] + (nanos[index + 1] - nanos[index]) * (rows - from) / (to - from);
  }

  /** Beyond what is known a row costs what it does on average: more is not known. */
  private double lastSlope() {
    int last = nanos.length - 1;
    return Math.max(1, nanos[last] / Sizes.rowsOf(last));
  }
}
