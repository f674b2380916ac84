// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import java.util.function.Supplier;

/**
 * One comparison of a gate.
 *
 * @param name which model, how many replicas, what load
 * @param measure makes it: a value for each claim of the gate, NaN for one that it is not about
 */
record Cell(String name, Supplier<double[]> measure) {
  /** Of a claim that a cell says nothing about. */
  static final double NONE = Double.NaN;

  /** A value where it counts. */
  static double when(boolean counts, double value) {
    return counts ? value : NONE;
  }
}
