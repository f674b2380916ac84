// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/**
 * What an item was admitted for, in one number, so that it travels without an object: its share of
 * the capacity, its group, where its cost is learned, and its priority. A refusal is a negative
 * number.
 */
final class Ticket {
  /** A share of 1: all that the replicas can do in time. */
  static final long WHOLE = 1L << 32;

  static final long INFEASIBLE = -1;
  static final long OVERLOAD = -2;

  private static final long MOST_OCCUPANCY = (1L << 39) - 1;

  private Ticket() {}

  static long of(long occupancy, int group, int bucket, int priority) {
    return Math.clamp(occupancy, 0, MOST_OCCUPANCY) << 24
        | (long) (group & 0xff) << 16
        | (long) (bucket & 0xff) << 8
        | Math.clamp(priority, 0, 0xff);
  }

  static boolean isRefusal(long ticket) {
    return ticket < 0;
  }

  static Rejection rejection(long ticket) {
    return ticket == INFEASIBLE ? Rejection.INFEASIBLE : Rejection.OVERLOAD;
  }

  static long occupancy(long ticket) {
    return ticket >>> 24;
  }

  static int group(long ticket) {
    return (int) (ticket >>> 16) & 0xff;
  }

  static int bucket(long ticket) {
    return (int) (ticket >>> 8) & 0xff;
  }

  static int priority(long ticket) {
    return (int) ticket & 0xff;
  }
}
