// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

/**
 * A simulated request and what became of it.
 *
 * <p>It ends exactly once: {@link #answered} by the simulation, or {@link #refused} by the
 * scheduler, which then never returns it from {@link Scheduler#next}.
 */
public final class SimRequest {
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
  public SimRequest(long arrivalNanos, long deadlineNanos, int rows, int shape, int tenant) {
    this.arrivalNanos = arrivalNanos;
    this.deadlineNanos = deadlineNanos;
    this.rows = rows;
    this.shape = shape;
    this.tenant = tenant;
  }

  public long arrivalNanos() {
    return arrivalNanos;
  }

  public long deadlineNanos() {
    return deadlineNanos;
  }

  public int rows() {
    return rows;
  }

  public int shape() {
    return shape;
  }

  public int tenant() {
    return tenant;
  }

  public void answered(long nowNanos) {
    end(nowNanos);
    answered = true;
  }

  public void refused(long nowNanos) {
    end(nowNanos);
  }

  private void end(long nowNanos) {
    if (endNanos != OPEN) {
      throw new IllegalStateException("a request of " + arrivalNanos + " ns ended twice");
    }
    endNanos = nowNanos;
  }

  public boolean hasEnded() {
    return endNanos != OPEN;
  }

  public boolean isAnswered() {
    return answered;
  }

  public boolean isOnTime() {
    return answered && endNanos <= deadlineNanos;
  }

  /** From arrival to answer or refusal. */
  public long latencyNanos() {
    return endNanos - arrivalNanos;
  }
}
