// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.function.LongFunction;

/** What decides when the next request is sent. */
public sealed interface LoadShape {

  /**
   * The next request is sent when one is answered.
   *
   * @param inFlight requests on each connection at any time
   */
  record ClosedLoop(int inFlight) implements LoadShape {}

  /**
   * Requests are sent by a schedule, whether the earlier ones are answered or not; latency counts
   * from the scheduled moment.
   *
   * @param schedule makes the schedule of a run from a seed
   * @param maxInFlight requests open at once on all connections together: above it, sending waits
   *     and the load tester says that it has fallen behind
   */
  record OpenLoop(LongFunction<ArrivalSchedule> schedule, int maxInFlight) implements LoadShape {}
}
