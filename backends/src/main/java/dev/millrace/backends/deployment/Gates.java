// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import java.time.Duration;
import java.util.Optional;

/**
 * What a new version has to keep to while it gets a part of the traffic. Not positive is no gate.
 *
 * @param maxErrorRate failed of its requests, without those that their callers got wrong
 * @param maxP99Ratio its 99th percentile over that of the version it replaces, in the same time
 * @param maxP99 its 99th percentile
 * @param minRequests answered until a step may end
 */
public record Gates(double maxErrorRate, double maxP99Ratio, Duration maxP99, long minRequests) {
  public static final Gates NONE = new Gates(0, 0, Duration.ZERO, 0);

  /** Fewer requests say nothing of a rate or a percentile. */
  private static final long LEAST_REQUESTS = 20;

  /**
   * What was measured of a version since a step began.
   *
   * @param requests answered
   * @param failed not answered, and not for what their callers got wrong
   * @param p99Nanos 99th percentile of the answered ones; 0 for none
   */
  public record Measured(long requests, long failed, double p99Nanos) {

    /** Where only weights change: no gate holds that up. */
    public static final Measured NO_CANDIDATE = new Measured(Long.MAX_VALUE / 2, 0, 0);
  }

  /** Why the new version has to go; empty if it has not. */
  public Optional<String> violation(Measured candidate, Measured stable) {
    long total = candidate.requests + candidate.failed;
    if (total < LEAST_REQUESTS) {
      return Optional.empty();
    }
    double errorRate = (double) candidate.failed / total;
    if (maxErrorRate > 0 && errorRate > maxErrorRate) {
      return Optional.of(
          "error rate %.4f, %d of %d requests (expected at most %s)"
              .formatted(errorRate, candidate.failed, total, maxErrorRate));
    }
    double millis = candidate.p99Nanos / 1e6;
    if (maxP99.isPositive() && candidate.p99Nanos > maxP99.toNanos()) {
      return Optional.of(
          "p99 %.3f ms (expected at most %.3f ms)".formatted(millis, maxP99.toNanos() / 1e6));
    }
    boolean comparable = stable.requests >= LEAST_REQUESTS && stable.p99Nanos > 0;
    if (maxP99Ratio > 0 && comparable && candidate.p99Nanos > maxP99Ratio * stable.p99Nanos) {
      return Optional.of(
          "p99 %.3f ms against %.3f ms of the version it replaces (expected at most %s times)"
              .formatted(millis, stable.p99Nanos / 1e6, maxP99Ratio));
    }
    return Optional.empty();
  }

  /** Whether enough was measured for a step to end. */
  public boolean isEnough(Measured candidate) {
    return candidate.requests >= minRequests;
  }
}
