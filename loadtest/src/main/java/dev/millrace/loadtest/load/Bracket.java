// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.OptionalDouble;

/**
 * Narrows down the highest rate that still passes, one trial after the other: upwards from an
 * estimate until a rate fails (downwards until one passes), then the middle between the two.
 *
 * <p>A trial is short and the machine may be shared, so a rate fails only when it fails twice: a
 * hiccup would otherwise throw the search off for good. Passing once is enough.
 */
final class Bracket {
  // below what a closed loop reaches: arrivals at random need some room
  private static final double FIRST = 0.8;
  private static final double[] UP = {1.2, 1.5, 2};
  private static final double DOWN = 0.7;

  private final double tolerance;
  private double next;
  private double passed;
  private double failed = Double.POSITIVE_INFINITY;
  private boolean failedOnce;
  private int steps;

  /**
   * @param estimate of the rate, above 0
   * @param tolerance how far, as a share, the rates may be apart between which the search ends
   */
  Bracket(double estimate, double tolerance) {
    this.tolerance = tolerance;
    this.next = FIRST * estimate;
  }

  /** The rate to try next; empty when the answer is known closely enough. */
  OptionalDouble next() {
    return isClose() ? OptionalDouble.empty() : OptionalDouble.of(next);
  }

  /** The highest rate that has passed; empty if none has. */
  OptionalDouble best() {
    return passed > 0 ? OptionalDouble.of(passed) : OptionalDouble.empty();
  }

  /** Takes the result of the trial at the rate that {@link #next} gave. */
  void result(boolean pass) {
    if (pass) {
      passed = next;
    } else if (!failedOnce) {
      failedOnce = true;
      return;
    } else {
      failed = next;
    }
    failedOnce = false;
    if (Double.isInfinite(failed)) {
      next = passed * UP[Math.min(steps, UP.length - 1)];
    } else if (passed == 0) {
      next = failed * DOWN;
    } else {
      next = Math.sqrt(passed * failed);
    }
    steps++;
  }

  private boolean isClose() {
    return passed > 0 && failed / passed <= 1 + tolerance;
  }
}
