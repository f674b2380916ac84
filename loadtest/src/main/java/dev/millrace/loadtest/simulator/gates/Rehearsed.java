// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.load.ArrivalSchedule;

/**
 * Arrivals after others that a scheduler learns from, and after a silence in which its queue runs
 * empty: what follows then is the same as without them, but for what was learnt.
 */
final class Rehearsed implements ArrivalSchedule {
  private final ArrivalSchedule rehearsal;
  private final long untilNanos;
  private final ArrivalSchedule arrivals;
  private final long fromNanos;
  private boolean rehearsing = true;

  /**
   * @param untilNanos when the rehearsal ends
   * @param fromNanos when the arrivals begin
   */
  Rehearsed(ArrivalSchedule rehearsal, long untilNanos, ArrivalSchedule arrivals, long fromNanos) {
    this.rehearsal = rehearsal;
    this.untilNanos = untilNanos;
    this.arrivals = arrivals;
    this.fromNanos = fromNanos;
  }

  @Override
  public long nextNanos() {
    if (rehearsing) {
      long next = rehearsal.nextNanos();
      if (next < untilNanos) {
        return next;
      }
      rehearsing = false;
    }
    long next = arrivals.nextNanos();
    return next == END ? END : next + fromNanos;
  }
}
