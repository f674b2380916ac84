// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import java.util.List;

/**
 * How a claim of a gate came out.
 *
 * @param id of the gate
 * @param title of the gate
 * @param readings in each cell that says something about it
 */
public record Finding(String id, String title, Claim claim, List<Reading> readings) {
  public Finding {
    readings = List.copyOf(readings);
  }

  /** A figure in a cell. */
  public record Reading(String cell, double value) {}

  /** The cell that is farthest from the target, or least beyond it. */
  public Reading worst() {
    return readings.stream()
        .reduce(
            (a, b) ->
                Double.isNaN(a.value()) || claim.bound().isWorse(a.value(), b.value()) ? a : b)
        .orElse(new Reading("no cell", Double.NaN));
  }

  public boolean isMet() {
    return readings.stream().allMatch(reading -> claim.isMet(reading.value()))
        && !readings.isEmpty();
  }
}
