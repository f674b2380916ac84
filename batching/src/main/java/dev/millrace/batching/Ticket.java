// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/**
 * What an item was admitted as, in one number, so that it travels without an object: the class of
 * its deadline, where its cost is learned, and its priority. A refusal is a negative number.
 */
final class Ticket {
  static final long INFEASIBLE = -1;
  static final long OVERLOAD = -2;

  /** Not counted in any class of deadlines. */
  static final int NO_CLASS = 0xff;

  private Ticket() {}

  static long of(int deadlineClass, int bucket, int priority) {
    return (long) (deadlineClass & 0xff) << 16
        | (long) (bucket & 0xff) << 8
        | Math.clamp(priority, 0, 0xff);
  }

  static boolean isRefusal(long ticket) {
    return ticket < 0;
  }

  static Rejection rejection(long ticket) {
    return ticket == INFEASIBLE ? Rejection.INFEASIBLE : Rejection.OVERLOAD;
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
