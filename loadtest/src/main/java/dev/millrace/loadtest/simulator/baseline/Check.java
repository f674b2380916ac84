// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

/** Checks of settings that several baselines have. */
final class Check {
  private Check() {}

  static int positive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + ": " + value + " (expected at least 1)");
    }
    return value;
  }

  static long notNegative(String name, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(name + ": " + value + " (expected at least 0)");
    }
    return value;
  }
}
