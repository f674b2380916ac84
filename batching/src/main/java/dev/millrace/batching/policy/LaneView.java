// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

import dev.millrace.batching.cost.Curve;

/** Requests of one shape, most urgent first. */
public interface LaneView {
  /** Requests waiting, settled ones included. */
  int items();

  /** Their rows. */
  int rows();

  /** When item {@code index} arrived. */
  long arrivalNanos(int index);

  /** When the answer to item {@code index} is worth nothing any more; Long.MAX_VALUE for never. */
  long deadlineNanos(int index);

  /** Rows of item {@code index}, at least 1. */
  int rows(int index);

  /** Whether its items share a run with nobody. */
  boolean runsAlone();

  /** Whether a deadline behind the head may be nearer than that of the head. */
  boolean isByPriority();

  /** What batches of the head's shape cost. */
  Curve cost();

  /**
   * Time from arrival to deadline that nine in ten requests of this lane have, or more; {@code
   * Long.MAX_VALUE} if they have none.
   */
  long objectiveNanos();
}
