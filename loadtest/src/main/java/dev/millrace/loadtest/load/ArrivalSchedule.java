// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

/**
 * The moments at which an open loop sends, one after the other. Used by one thread. The same seed
 * gives the same moments, so that several loops can share a schedule by taking turns in it.
 */
public interface ArrivalSchedule {
  /** No further request. */
  long END = Long.MAX_VALUE;

  /** The next moment, in nanoseconds since the start; never before the one before; or END. */
  long nextNanos();
}
