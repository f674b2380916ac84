// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/** Sizes of deadlines that are told apart: each class holds up to twice as long ones. */
final class DeadlineClass {
  static final int COUNT = 16;

  /** About 0.26 ms: the end of the class of the shortest. */
  private static final int SHORTEST_SHIFT = 18;

  private DeadlineClass() {}

  /** The class of a time from now to a deadline. */
  static int of(double nanos) {
    long units = (long) nanos >>> SHORTEST_SHIFT;
    return Math.min(COUNT - 1, 64 - Long.numberOfLeadingZeros(units));
  }
}
