// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/**
 * What an item was admitted as, in one number, so that it travels without an object: the work it is
 * counted with, the class of its deadline, where its cost is learned, and its priority. A refusal
 * is a negative number.
 */
final class Ticket {
  static final long INFEASIBLE = -1;
  static final long OVERLOAD = -2;

  private static final long MOST_WORK = (1L << 39) - 1;

  private Ticket() {}

  /**
   * @param workNanos 0 for an item that is not counted
   */
  static long of(long workNanos, int deadlineClass, int bucket, int priority) {
    return Math.clamp(workNanos, 0, MOST_WORK) << 24
        | (long) (deadlineClass & 0xff) << 16
        | (long) (bucket & 0xff) << 8
        | Math.clamp(priority, 0, 0xff);
  }

  static boolean isRefusal(long ticket) {
    return ticket < 0;
  }

  static Rejection rejection(long ticket) {
    return ticket == INFEASIBLE ? Rejection.INFEASIBLE : Rejection.OVERLOAD;
  }

  static long work(long ticket) {
    return ticket >>> 24;
  }

  static int deadlineClass(long ticket) {
    return (int) (ticket >>> 16) & 0xff;
  }

  static int bucket(long ticket) {
    return (int) (ticket >>> 8) & 0xff;
  }

  static int priority(long ticket) {
    return (int) ticket & 0xff;
  }
}
