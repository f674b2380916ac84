// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.gate.Gates;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How a version replaces another.
 *
 * @param steps percent of the traffic for the new version, ascending, the last 100; the first may
 *     be 0 where copies are compared meanwhile
 * @param bake how long each step lasts at least
 * @param gates what the new version must keep to
 * @param allowSignatureChange whether its inputs and outputs may differ
 */
public record UpdateStrategy(
    List<Integer> steps, Duration bake, Gates gates, boolean allowSignatureChange) {
  public static final UpdateStrategy ALL_AT_ONCE =
      new UpdateStrategy(List.of(), Duration.ZERO, Gates.NONE, false);

  public UpdateStrategy {
    List<Integer> all = new ArrayList<>(steps);
    if (all.isEmpty() || all.getLast() != 100) {
      all.add(100);
    }
    boolean compares = gates.maxDivergence() > 0;
    int before = compares ? -1 : 0;
    for (int step : all) {
      if (step <= before || step > 100) {
        throw new IllegalArgumentException(
            "steps: %s (expected ascending, %s)"
                .formatted(
                    steps, compares ? "0 to 100" : "1 to 100; 0 only with gates.max_divergence"));
      }
      before = step;
    }
    if (compares && all.getFirst() == 100) {
      throw new IllegalArgumentException(
          "steps: %s with gates.max_divergence %s (expected a first one below 100: what the old version does not answer cannot be compared)"
              .formatted(all, gates.maxDivergence()));
    }
    steps = List.copyOf(all);
  }

  /** Whether all traffic goes to the new version as soon as that is ready, and that was it. */
  boolean isAtOnce() {
    return steps.size() == 1 && !bake.isPositive() && gates.minRequests() == 0;
  }

  /** Whether there are gates, and nothing has been measured when they are looked at. */
  boolean isBlind() {
    return gates.limitAnything() && !bake.isPositive() && gates.minRequests() == 0;
  }
}
