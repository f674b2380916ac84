// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/** How long whoever was refused is asked to wait before another try. */
public final class Pushback {
  /** Sooner is at once: the network alone takes as long. */
  private static final long SHORTEST_NANOS = 1_000_000;

  /** Later is some other day: nobody knows the load of then. */
  private static final long LONGEST_NANOS = 2_000_000_000;

  private Pushback() {}

  /**
   * Until what waits now has been served, more or less.
   *
   * @param backlogNanos as {@link BatchQueue#backlogNanos}
   * @param random 0 to 1: those who are refused together are not to come back together
   */
  public static long nanos(long backlogNanos, double random) {
    return (long) (Math.clamp(backlogNanos, SHORTEST_NANOS, LONGEST_NANOS) * (0.5 + random));
  }
}
