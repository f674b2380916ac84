// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.List;
import java.util.Map;

/**
 * How the requests of a model version wait, and what decides when they run together.
 *
 * @param mode what decides
 * @param sloNanos from arrival to deadline for requests that bring no deadline; 0 for none
 * @param maxQueueNanos what a request without a deadline, or with a later one, may have to wait, by
 *     prediction
 * @param priorityLevels levels of priority, the first the highest; 0 if requests have none
 * @param defaultPriority level of requests that name none; 0 if there are no levels
 * @param queuePolicy of levels without one of their own
 * @param levelPolicies of levels that have one, by level
 * @param strictOverride whether a request's timeout can only shorten one that its level has: in
 *     Triton it cannot bring a timeout where there is none
 * @param batching how batches are formed in {@link Mode#TRITON}
 */
public record Scheduling(
    Mode mode,
    long sloNanos,
    long maxQueueNanos,
    int priorityLevels,
    int defaultPriority,
    QueuePolicy queuePolicy,
    Map<Integer, QueuePolicy> levelPolicies,
    boolean strictOverride,
    TritonBatching batching) {

  /** What decides when requests run together. */
  public enum Mode {
    /** What was learned of the model, deadlines and load. */
    AUTO,
    /** Preferred sizes and a delay, as in Triton. */
    TRITON,
    /** Nothing: one request a run. */
    NONE
  }

  /** What becomes of a request that was not started in time. */
  public enum TimeoutAction {
    /** It fails. */
    REJECT,
    /** It is put behind those of its level that are still in time. */
    DELAY
  }

  /**
   * What the requests of a level may do to a queue.
   *
   * @param maxQueueSize requests waiting at most; 0 for no limit
   * @param timeoutNanos until when a request must have been started, from its arrival; 0 for never
   * @param allowTimeoutOverride whether a request may bring a shorter timeout
   */
  public record QueuePolicy(
      int maxQueueSize,
      long timeoutNanos,
      TimeoutAction timeoutAction,
      boolean allowTimeoutOverride) {
    public static final QueuePolicy NONE = new QueuePolicy(0, 0, TimeoutAction.REJECT, false);
  }

  /**
   * How batches are formed as Triton does it.
   *
   * @param preferredRows sizes at which a batch is run at once, ascending; empty for the largest
   *     possible
   * @param queueDelayNanos how long a smaller batch waits for more
   * @param preserveOrdering whether answers leave in the order of their requests
   */
  public record TritonBatching(
      List<Integer> preferredRows, long queueDelayNanos, boolean preserveOrdering) {
    public static final TritonBatching DEFAULT = new TritonBatching(List.of(), 0, false);

    public TritonBatching {
      preferredRows = List.copyOf(preferredRows);
    }
  }

  static final long MICRO_NANOS = 1_000;

  static final long HOUR_NANOS = 3_600_000_000_000L;

  /** Levels of priority at most. */
  public static final int MOST_PRIORITY_LEVELS = 255;

  public static final Scheduling DEFAULT =
      new Scheduling(
          Mode.AUTO,
          0,
          10_000_000_000L,
          0,
          0,
          QueuePolicy.NONE,
          Map.of(),
          true,
          TritonBatching.DEFAULT);

  public Scheduling {
    levelPolicies = Map.copyOf(levelPolicies);
  }

  /** What holds for requests of a level. */
  public QueuePolicy policyOf(int level) {
    return levelPolicies.getOrDefault(level, queuePolicy);
  }
}
