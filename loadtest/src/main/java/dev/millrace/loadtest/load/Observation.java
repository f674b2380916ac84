// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.List;

/**
 * What one measurement saw.
 *
 * @param total over its whole length
 * @param windows the same in pieces of about a second
 */
public record Observation(Measurement total, List<Window> windows) {
  public Observation {
    windows = List.copyOf(windows);
  }
}
