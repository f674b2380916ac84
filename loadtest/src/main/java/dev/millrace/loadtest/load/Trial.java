// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.Optional;

/**
 * One run at a chosen rate.
 *
 * @param offered requests per second
 * @param measurement what was seen
 * @param missed what it misses of the goal; empty if it meets it
 */
public record Trial(double offered, Measurement measurement, Optional<String> missed) {
  public boolean isMet() {
    return missed.isEmpty();
  }
}
