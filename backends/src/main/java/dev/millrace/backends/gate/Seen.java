// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import dev.millrace.backends.shadow.Comparisons;

/**
 * What gates look at in a step of a rollout.
 *
 * @param candidate the new versions, since the step began
 * @param stable the versions that they replace, since then as well
 * @param before the same, until the rollout's first step: while they had the machine for themselves
 */
public record Seen(Moments candidate, Measured stable, Measured before) {

  /** Where only weights change: no gate holds that up. */
  public static Seen noCandidate() {
    Moments moments = new Moments(0);
    moments.add(0, new Measured(Long.MAX_VALUE / 2, 0, Distribution.NONE, Comparisons.NONE));
    return new Seen(moments, Measured.NOTHING, Measured.NOTHING);
  }
}
