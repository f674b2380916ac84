// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.SplittableRandom;

/**
 * How long a batch runs: the curve says the mean of an undisturbed run, which is what a planner
 * would have measured. Immutable: what happens to the machine is a function of the time.
 */
public interface ServiceModel extends ServiceCurve {

  /**
   * How long the run that starts now takes.
   *
   * @param running replicas that run now, this one among them
   */
  default double runNanos(
      long nowNanos, int shape, int rows, int running, SplittableRandom random) {
    return nanos(shape, rows);
  }

  /** A run costs {@code alpha}, and {@code beta} for each row, whatever the shape. */
  static ServiceModel linear(double alphaNanos, double betaNanos) {
    return (shape, rows) -> Math.round(alphaNanos + betaNanos * rows);
  }
}
