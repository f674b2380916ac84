// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import java.util.List;

/**
 * What is compared with what, and the figures that are held to a target.
 *
 * @param id such as G1
 */
record Gate(String id, String title, List<Claim> claims, List<Cell> cells) {
  Gate {
    claims = List.copyOf(claims);
    cells = List.copyOf(cells);
  }
}
