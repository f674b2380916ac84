// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

/**
 * Whether chance explains what was counted.
 *
 * <p>Cases are taken to come one by one, each as likely as the next (Poisson's law). How unlikely
 * as many are is bounded by Chernoff: {@code P(X ≥ cases) ≤ exp(-evidence)}, with {@code evidence =
 * cases · ln(cases / expected) - cases + expected}. The bound holds for three cases as for ten
 * thousand, where standard deviations hold for many only: of 60 requests with a rate of 1 %, one
 * time in forty three are bad, which are three deviations. Gates look again and again; what they
 * see each time is nearly what they saw before, so one in ten thousand each time leaves it rare
 * that any look is wrong.
 */
final class Chance {
  /** One look in ten thousand at most. */
  private static final double EVIDENCE = Math.log(10_000);

  /** A single one, or two, prove nothing, however rare they should be. */
  static final double LEAST_CASES = 3;

  private Chance() {}

  /** Whether so many cases are more than those expected, and chance, explain. */
  static boolean isMore(double cases, double expected) {
    return cases >= LEAST_CASES
        && cases > expected
        && cases * Math.log(cases / expected) - cases + expected > EVIDENCE;
  }

  /**
   * Whether there are more cases for each trial here than elsewhere, where they were counted too:
   * given how many there are in all, each is here with the share of the trials (the bound of the
   * binomial law).
   */
  static boolean isMore(double cases, double trials, double elsewhere, double trialsElsewhere) {
    double all = cases + elsewhere;
    double expected = trials / (trials + trialsElsewhere);
    double seen = cases / all;
    return cases >= LEAST_CASES
        && seen > expected
        && cases * Math.log(seen / expected) + term(elsewhere, (1 - seen) / (1 - expected))
            > EVIDENCE;
  }

  private static double term(double cases, double ratio) {
    return cases == 0 ? 0 : cases * Math.log(ratio);
  }
}
