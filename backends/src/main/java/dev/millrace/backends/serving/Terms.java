// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.repository.Scheduling;
import dev.millrace.backends.repository.Scheduling.Mode;
import dev.millrace.backends.repository.Scheduling.QueuePolicy;
import dev.millrace.backends.repository.Scheduling.TimeoutAction;
import java.util.concurrent.TimeUnit;

/**
 * What one request may expect of its queue. Times are on the served version's clock, Long.MAX_VALUE
 * for never.
 *
 * @param deadlineNanos when its answer is worth nothing any more
 * @param callerDeadlineNanos the same by the caller's own words: that holds for a second try, too
 * @param startByNanos until when it must have been started
 * @param isDelayable whether it is then put behind the others of its level, and not refused
 * @param priority 0 for the highest level, then 1, 2 and so on
 * @param tenant whose it is; 0 for anybody's
 */
public record Terms(
    long deadlineNanos,
    long callerDeadlineNanos,
    long startByNanos,
    boolean isDelayable,
    int priority,
    int tenant) {

  /**
   * What a caller asks for.
   *
   * @param deadlineNanos on the served version's clock; Long.MAX_VALUE for none
   * @param priority the level, 1 for the highest; 0 for the model's default
   * @param timeoutMicros until when it must have been started, from now; 0 for the model's default
   * @param tenant whose it is; 0 for anybody's
   */
  public record Asked(long deadlineNanos, long priority, long timeoutMicros, int tenant) {
    /** A deadline, or none, and nothing else. */
    public static Asked until(long deadlineNanos) {
      return new Asked(deadlineNanos, 0, 0, 0);
    }
  }

  /** A deadline, or none, and nothing else. */
  static Terms until(long deadlineNanos) {
    return new Terms(deadlineNanos, deadlineNanos, Long.MAX_VALUE, false, 0, 0);
  }

  /**
   * What the owner of a model grants.
   *
   * @throws InferException INVALID if what is asked for is not there
   */
  static Terms of(Scheduling scheduling, long nowNanos, Asked asked) throws InferException {
    int level = level(scheduling, asked.priority());
    QueuePolicy policy = scheduling.policyOf(level);
    long timeout = timeoutNanos(scheduling, policy, asked.timeoutMicros());
    long deadline = asked.deadlineNanos();
    if (deadline == Long.MAX_VALUE && scheduling.sloNanos() > 0) {
      deadline = after(nowNanos, scheduling.sloNanos());
    }
    return new Terms(
        deadline,
        asked.deadlineNanos(),
        timeout == 0 ? Long.MAX_VALUE : after(nowNanos, timeout),
        policy.timeoutAction() == TimeoutAction.DELAY,
        Math.max(0, level - 1),
        asked.tenant());
  }

  /** That long from then on: the end of time if a long holds no later one. */
  public static long after(long nowNanos, long nanos) {
    long sum = nowNanos + nanos;
    boolean overflows = ((nowNanos ^ sum) & (nanos ^ sum)) < 0;
    return overflows ? Long.MAX_VALUE : sum;
  }

  private static int level(Scheduling scheduling, long asked) throws InferException {
    int levels = scheduling.priorityLevels();
    if (asked < 0) {
      throw InferException.invalid(
          "priority: "
              + asked
              + " (expected "
              + (levels == 0 ? "0 or more)" : "0.." + levels + ")"));
    }
    if (levels == 0) {
      return 0;
    }
    if (asked > levels && scheduling.mode() != Mode.TRITON) {
      throw InferException.invalid("priority: " + asked + " (expected 0.." + levels + ")");
    }
    return asked == 0 || asked > levels ? scheduling.defaultPriority() : (int) asked;
  }

  /** 0 for none. */
  private static long timeoutNanos(Scheduling scheduling, QueuePolicy policy, long askedMicros)
      throws InferException {
    if (askedMicros < 0) {
      throw InferException.invalid(
          "timeout: " + askedMicros + " (expected 0 or more, in microseconds)");
    }
    long standard = policy.timeoutNanos();
    boolean counts =
        scheduling.mode() != Mode.TRITON
            || (policy.allowTimeoutOverride() && (standard > 0 || !scheduling.strictOverride()));
    if (askedMicros == 0 || !counts) {
      return standard;
    }
    long asked = TimeUnit.MICROSECONDS.toNanos(askedMicros); // at most the largest long
    return standard == 0 ? asked : Math.min(asked, standard);
  }
}
