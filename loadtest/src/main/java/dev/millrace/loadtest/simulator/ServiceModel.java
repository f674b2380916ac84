// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.SplittableRandom;

/**
 * How long a batch runs: the curve says the mean of an undisturbed run, which is what a planner
 * would have measured. Immutable: what happens to the machine is a function of the time.
 */
public interface ServiceModel extends ServiceCurve {

  /** How long the run that starts now takes by itself. */
  default double runNanos(long nowNanos, int shape, int rows, SplittableRandom random) {
    return nanos(shape, rows);
  }

  /** Whether all replicas run on one device, and slow each other. */
  default boolean isShared() {
    return false;
  }

  /**
   * How much is done while so many run, of what one does by itself: as many times as much, where
   * each has a device of its own.
   */
  default double together(int running) {
    return running;
  }

  /** A run costs {@code alpha}, and {@code beta} for each row, whatever the shape. */
  static ServiceModel linear(double alphaNanos, double betaNanos) {
    return (shape, rows) -> Math.round(alphaNanos + betaNanos * rows);
  }
}
