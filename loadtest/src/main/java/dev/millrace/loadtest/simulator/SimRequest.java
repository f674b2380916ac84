// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

/**
 * A simulated request and what became of it.
 *
 * <p>It ends exactly once: {@link #answered} by the simulation, or {@link #refused} by the
 * scheduler, which then never returns it from {@link Scheduler#next}.
 */
final class SimRequest {
  private static final long OPEN = Long.MIN_VALUE;

  private final long arrivalNanos;
  private final long deadlineNanos;
  private final int rows;
  private final int shape;
  private final int tenant;
  private long endNanos = OPEN;
  private boolean answered;

  /**
   * @param deadlineNanos when the answer is worth nothing any more; Long.MAX_VALUE for never
   * @param rows at least 1
   * @param shape which of the workload's shapes, and so of its service curves
   * @param tenant whose request it is
   */
  SimRequest(long arrivalNanos, long deadlineNanos, int rows, int shape, int tenant) {
    this.arrivalNanos = arrivalNanos;
    this.deadlineNanos = deadlineNanos;
    this.rows = rows;
    this.shape = shape;
    this.tenant = tenant;
  }

  long arrivalNanos() {
    return arrivalNanos;
  }

  long deadlineNanos() {
    return deadlineNanos;
  }

  int rows() {
    return rows;
  }

  int shape() {
    return shape;
  }

  int tenant() {
    return tenant;
  }

  void answered(long nowNanos) {
    end(nowNanos);
    answered = true;
  }

  void refused(long nowNanos) {
    end(nowNanos);
  }

  private void end(long nowNanos) {
    if (endNanos != OPEN) {
      throw new IllegalStateException("a request of " + arrivalNanos + " ns ended twice");
    }
    endNanos = nowNanos;
  }

  boolean hasEnded() {
    return endNanos != OPEN;
  }

  boolean isAnswered() {
    return answered;
  }

  boolean isOnTime() {
    return answered && endNanos <= deadlineNanos;
  }

  /** From arrival to answer or refusal. */
  long latencyNanos() {
    return endNanos - arrivalNanos;
  }
}
