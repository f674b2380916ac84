// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

/** The true mean time of a run. Baselines are given it; our own policy has to learn it. */
@FunctionalInterface
public interface ServiceCurve {

  /**
   * How long a run takes on average.
   *
   * @param shape of all its requests
   * @param rows at least 1
   */
  long nanos(int shape, int rows);
}
