// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.ArrivalPattern;
import dev.millrace.loadtest.load.ArrivalSpec;
import dev.millrace.loadtest.load.LoadShape;

/**
 * Requests that come whether earlier ones are answered or not, independent of each other, without
 * end.
 *
 * @param rate requests per second
 */
record OpenLoad(double rate) {
  // of all connections together: more than any server keeps waiting that is not lost
  private static final int MAX_OPEN = 32_768;

  LoadShape shape() {
    return shape(arrivals());
  }

  ArrivalSpec arrivals() {
    return ArrivalSpec.fixed(rate, new ArrivalPattern.Poisson(), Double.POSITIVE_INFINITY);
  }

  /** Any open loop. */
  static LoadShape shape(ArrivalSpec arrivals) {
    return new LoadShape.OpenLoop(arrivals::schedule, MAX_OPEN);
  }
}
