// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;

/** Runs batches in times that a test has chosen: what a cost model has to find out. */
final class FakeMachine {
  private final SplittableRandom random = new SplittableRandom(7);
  private final IntToDoubleFunction nanosOfRows;
  private double noise;
  private double slowness = 1;

  private FakeMachine(IntToDoubleFunction nanosOfRows) {
    this.nanosOfRows = nanosOfRows;
  }

  static FakeMachine line(double alphaNanos, double betaNanos) {
    return new FakeMachine(rows -> alphaNanos + betaNanos * rows);
  }

  static FakeMachine of(IntToDoubleFunction nanosOfRows) {
    return new FakeMachine(nanosOfRows);
  }

  /** Standard deviation of a run, as a share of its mean; log-normal. */
  FakeMachine withNoise(double share) {
    noise = share;
    return this;
  }

  void becomes(double timesSlower) {
    slowness = timesSlower;
  }

  /** What runs of that size take on average. */
  double mean(int rows) {
    return slowness * nanosOfRows.applyAsDouble(rows);
  }

  long run(int rows) {
    double factor = Math.exp(noise * random.nextGaussian() - noise * noise / 2);
    return Math.max(1, (long) (mean(rows) * factor));
  }
}
