// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

/**
 * A figure and what it must be.
 *
 * @param what is compared, such as {@code mean}
 * @param bound on which side of the target it must lie
 */
public record Claim(String what, Bound bound, double target) {

  /** A side of a target. */
  public enum Bound {
    AT_MOST {
      @Override
      boolean isWorse(double a, double b) {
        return a > b;
      }
    },
    AT_LEAST {
      @Override
      boolean isWorse(double a, double b) {
        return a < b;
      }
    };

    abstract boolean isWorse(double a, double b);
  }

  static Claim atMost(double target, String what) {
    return new Claim(what, Bound.AT_MOST, target);
  }

  static Claim atLeast(double target, String what) {
    return new Claim(what, Bound.AT_LEAST, target);
  }

  boolean isMet(double measured) {
    return !Double.isNaN(measured) && !bound.isWorse(measured, target);
  }
}
