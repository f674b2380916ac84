// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import dev.millrace.backends.shadow.Comparisons;
import java.util.List;

/**
 * What gates look at in a step of a rollout.
 *
 * @param candidate the new versions, since the step began
 * @param stable the versions that they replace, since then as well
 * @param before what was measured of those until the rollout's first step: while they had the
 *     machine for themselves
 */
public record Seen(Moments candidate, Moments stable, Measured before) {

  /** Of the new versions, what gates have judged. */
  public Measured judged() {
    return candidate.last().measured();
  }

  /** Where only weights change: no gate holds that up. */
  public static Seen noCandidate() {
    Moments moments = new Moments(0);
    moments.add(
        Moments.SLICE_NANOS,
        new Measured(Long.MAX_VALUE / 2, 0, Distribution.NONE, Comparisons.NONE, List.of()));
    return new Seen(moments, new Moments(0), Measured.NOTHING);
  }
}
