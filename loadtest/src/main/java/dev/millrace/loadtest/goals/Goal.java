// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

/**
 * What a figure has to be.
 *
 * @param value the limit itself meets it
 */
public record Goal(Kind kind, double value) {
  /** On which side of its limit a figure has to be. */
  public enum Kind {
    AT_LEAST,
    AT_MOST
  }

  static Goal atLeast(double value) {
    return new Goal(Kind.AT_LEAST, value);
  }

  static Goal atMost(double value) {
    return new Goal(Kind.AT_MOST, value);
  }

  public boolean isMetBy(double measured) {
    return switch (kind) {
      case AT_LEAST -> measured >= value;
      case AT_MOST -> measured <= value;
    };
  }

  /**
   * How far a figure is from its limit, for plots: 1 at the limit, more when better, 2 when twice
   * as good; at most 3, which stands for anything beyond, and at least 0.
   */
  public double score(double measured) {
    double score =
        switch (kind) {
          case AT_LEAST -> measured / value;
          // what is wanted small may well be 0 or below
          case AT_MOST -> measured > 0 ? value / measured : 3;
        };
    return Math.clamp(score, 0, 3);
  }
}
