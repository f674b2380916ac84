// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.LoadShape;

/** A closed loop: connections, and requests in flight on each. */
record Load(int connections, int inFlight) {
  static final Load FULL = new Load(8, 32);
  static final Load HALF = new Load(8, 16);
  static final Load LARGE_MESSAGES = new Load(4, 4);
  static final Load ONE = new Load(1, 1);

  LoadShape shape() {
    return new LoadShape.ClosedLoop(inFlight);
  }

  @Override
  public String toString() {
    return connections + " × " + inFlight;
  }
}
