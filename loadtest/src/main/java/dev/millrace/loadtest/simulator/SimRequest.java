// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A simulated request and what became of it.
 *
 * <p>It ends exactly once: {@link #answered} by the simulation, or {@link #refused} by the
 * scheduler, which then never returns it from {@link Scheduler#next}.
 */
public final class SimRequest {
  /** Is told of the end, whoever brings it about. */
  @FunctionalInterface
  interface Watcher {
    void ended(SimRequest request, long nowNanos);
  }

  private static final long OPEN = Long.MIN_VALUE;

  private final long arrivalNanos;
  private final long deadlineNanos;
  private final int rows;
  private final int shape;
  private final int tenant;
  private final int priority;
  private final int kind;
  private final int attempt;
  private final @Nullable Watcher watcher;
  private long endNanos = OPEN;
  private long pushbackNanos;
  private boolean running;
  private boolean answered;
  private @Nullable Refusal refusal;

  /**
   * A request of priority 0 that comes for the first time.
   *
   * @param deadlineNanos when the answer is worth nothing any more; Long.MAX_VALUE for never
   * @param rows at least 1
   * @param shape which of the workload's shapes, and so of its service curves
   * @param tenant whose request it is
   */
  public SimRequest(long arrivalNanos, long deadlineNanos, int rows, int shape, int tenant) {
    this(arrivalNanos, deadlineNanos, rows, shape, tenant, 0, 0, 0, null);
  }

  /**
   * @param priority 0 is served before 1
   * @param kind which of the workload's kinds it is one of
   * @param attempt how often its client has asked before
   */
  SimRequest(
      long arrivalNanos,
      long deadlineNanos,
      int rows,
      int shape,
      int tenant,
      int priority,
      int kind,
      int attempt,
      @Nullable Watcher watcher) {
    this.arrivalNanos = arrivalNanos;
    this.deadlineNanos = deadlineNanos;
    this.rows = rows;
    this.shape = shape;
    this.tenant = tenant;
    this.priority = priority;
    this.kind = kind;
    this.attempt = attempt;
    this.watcher = watcher;
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

  public int priority() {
    return priority;
  }

  int kind() {
    return kind;
  }

  int attempt() {
    return attempt;
  }

  /** It runs from now on, and can only be answered. */
  void started() {
    if (running || hasEnded()) {
      throw new IllegalStateException(this + " was run again");
    }
    running = true;
  }

  public void answered(long nowNanos) {
    answered = true;
    end(nowNanos);
  }

  public void refused(long nowNanos) {
    refused(nowNanos, nowNanos < deadlineNanos ? Refusal.QUEUE_FULL : Refusal.EXPIRED);
  }

  public void refused(long nowNanos, Refusal why) {
    refused(nowNanos, why, 0);
  }

  /**
   * Ends it without an answer.
   *
   * @param pushbackNanos how long the client is asked to wait before it comes again; 0 if not asked
   */
  public void refused(long nowNanos, Refusal why, long pushbackNanos) {
    if (running) {
      throw new IllegalStateException(this + " was refused while it runs");
    }
    this.refusal = why;
    this.pushbackNanos = pushbackNanos;
    end(nowNanos);
  }

  private void end(long nowNanos) {
    if (hasEnded()) {
      throw new IllegalStateException(this + " ended twice");
    }
    endNanos = nowNanos;
    if (watcher != null) {
      watcher.ended(this, nowNanos);
    }
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

  /** Empty if it is open or answered. */
  public Optional<Refusal> refusal() {
    return Optional.ofNullable(refusal);
  }

  long pushbackNanos() {
    return pushbackNanos;
  }

  @Override
  public String toString() {
    return "the request that came at " + arrivalNanos + " ns";
  }
}
