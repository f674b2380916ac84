// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.List;
import java.util.Optional;

/**
 * What the search for the highest rate found.
 *
 * @param slo the goal
 * @param closedLoop what the search started from
 * @param trials in the order they were made, confirmations included
 * @param confirmed the longer run at the highest rate that meets the goal; empty if there is none,
 *     or the search was ended
 */
public record Peak(Slo slo, Measurement closedLoop, List<Trial> trials, Optional<Trial> confirmed) {
  public Peak {
    trials = List.copyOf(trials);
  }
}
