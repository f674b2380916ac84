// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

/**
 * What a replica does next with the lane that was shown.
 *
 * @param kind what
 * @param count rows to run, or items to shed from the lane's head on; else 0
 * @param untilNanos of a wait, its end: the policy is asked again then, or as soon as something
 *     arrives; of a run, the least deadline that is worth a place in it, those before are refused
 */
public record Decision(Kind kind, int count, long untilNanos) {
  /** What there is to decide. */
  public enum Kind {
    /** Take up to that many rows in order, and run them. The first item always fits. */
    RUN,
    /** Refuse so many items: they cannot be answered in time, or would cost others theirs. */
    SHED,
    /** Nothing yet. */
    WAIT
  }

  /** Decisions to run are made once a batch: the usual ones exist already. */
  private static final Decision[] RUNS = new Decision[257];

  static {
    for (int rows = 1; rows < RUNS.length; rows++) {
      RUNS[rows] = new Decision(Kind.RUN, rows, Long.MIN_VALUE);
    }
  }

  /** To run up to that many rows. */
  public static Decision run(int rows) {
    return rows > 0 && rows < RUNS.length
        ? RUNS[rows]
        : new Decision(Kind.RUN, rows, Long.MIN_VALUE);
  }

  /**
   * To run up to that many rows, of those whose deadline the batch's end meets. For orders other
   * than that of the deadlines.
   */
  public static Decision run(int rows, long endNanos) {
    return new Decision(Kind.RUN, rows, endNanos);
  }

  /** To refuse the first {@code items} of the lane. */
  public static Decision shed(int items) {
    return new Decision(Kind.SHED, items, 0);
  }

  /** To be asked again at that time, or at the next arrival. */
  public static Decision waitUntil(long nanos) {
    return new Decision(Kind.WAIT, 0, nanos);
  }
}
