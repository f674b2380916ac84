// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

/** What a policy has decided so far. Written by the leader, read by any thread. */
final class Decisions {
  private volatile long batches;
  private volatile long chosenRows;
  private volatile long queuedRows;
  private volatile long waits;

  @SuppressWarnings("NonAtomicVolatileUpdate") // the leader's alone
  void ran(int chosen, int queued) {
    if (chosen > 0) { // all that was claimed may have been settled meanwhile
      batches++;
      chosenRows += chosen;
      queuedRows += queued;
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // the leader's alone
  void waited() {
    waits++;
  }

  long batches() {
    return batches;
  }

  /** Rows of all batches. */
  long chosenRows() {
    return chosenRows;
  }

  /** Rows that were in the lane, summed over batches. */
  long queuedRows() {
    return queuedRows;
  }

  /** Times that an idle replica was told to wait for more. */
  long waits() {
    return waits;
  }
}
