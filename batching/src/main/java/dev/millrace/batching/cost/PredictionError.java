// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

/**
 * How far predicted and actual times of recent batches were apart: the health signal of everything
 * that is decided by prediction. Written by one thread, read by any.
 */
public final class PredictionError {
  /** Relative errors are counted in steps of a twelfth of a doubling, about 6 %. */
  private static final int STEPS = 12;

  private static final int LARGEST = 6 * STEPS;

  /** Halved when it is reached, so that the last few thousand batches count most. */
  private static final int MEMORY = 4096;

  private final int[] counts = new int[LARGEST + 1];
  private int total;
  private volatile double median;
  private volatile double high;

  void add(long predicted, long actual) {
    if (predicted <= 0) {
      return;
    }
    double octaves =
        Math.abs(Math.log(Math.max(1, actual) / (double) predicted)) / Math.log(2) * STEPS;
    counts[(int) Math.min(LARGEST, Math.ceil(octaves))]++;
    total++;
    if (total % 64 == 0) {
      median = quantile(0.5);
      high = quantile(0.99);
    }
    if (total >= MEMORY) {
      total = 0;
      for (int i = 0; i < counts.length; i++) {
        counts[i] /= 2;
        total += counts[i];
      }
    }
  }

  private double quantile(double share) {
    long wanted = (long) Math.ceil(total * share);
    int step = 0;
    for (long seen = counts[0]; seen < wanted && step < LARGEST; seen += counts[step]) {
      step++;
    }
    return Math.pow(2, (double) step / STEPS) - 1;
  }

  /** Of the last batches, the error that half of them did not exceed; 0.1 is 10 %. */
  public double median() {
    return median;
  }

  /** That 99 in 100 did not exceed. */
  public double p99() {
    return high;
  }
}
