// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.shadow;

/**
 * How far two floats may be apart and still count as equal: {@code |a - b| <= absolute + relative *
 * max(|a|, |b|)}.
 *
 * @param absolute 0 or more, finite
 * @param relative 0 or more, finite
 */
public record Tolerance(double absolute, double relative) {
  /**
   * A thousandth: another batch size, order of additions or number of threads stays far below it,
   * in FP32 at least, and a half-precision copy of the same weights about there.
   */
  public static final Tolerance DEFAULT = new Tolerance(1e-3, 1e-3);

  /** Whether such a number can be a tolerance. */
  public static boolean isValid(double number) {
    return number >= 0 && number < Double.POSITIVE_INFINITY;
  }

  public Tolerance {
    if (!isValid(absolute) || !isValid(relative)) {
      throw new IllegalArgumentException(
          "tolerance: %s absolute, %s relative (expected finite numbers from 0)"
              .formatted(absolute, relative));
    }
  }

  /** The same, but relatively at least so much. */
  Tolerance orRelative(double least) {
    return relative >= least ? this : new Tolerance(absolute, least);
  }

  /**
   * Whether two numbers count as equal; what is no number, or infinite, only if they are the same.
   *
   * @param difference of the two, as {@link #difference} has it
   */
  boolean covers(double a, double b, double difference) {
    return difference < Double.POSITIVE_INFINITY
        && difference <= absolute + relative * Math.max(Math.abs(a), Math.abs(b));
  }

  /** How far two numbers are apart: infinitely where only one is a number, or finite. */
  static double difference(double a, double b) {
    if (a == b || (Double.isNaN(a) && Double.isNaN(b))) {
      return 0;
    }
    double difference = Math.abs(a - b);
    return Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
  }
}
