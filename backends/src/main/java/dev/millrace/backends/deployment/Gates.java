// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.shadow.Comparisons;
import dev.millrace.backends.shadow.Tolerance;
import java.time.Duration;
import java.util.Optional;

/**
 * What a new version has to keep to while it gets a part of the traffic. Not positive is no gate.
 *
 * @param maxErrorRate failed of its requests, without those that their callers got wrong
 * @param maxP99Ratio its 99th percentile over that of the version it replaces, in the same time
 * @param maxP99 its 99th percentile
 * @param minRequests answered until a step may end; of a step without traffic, copies that were run
 * @param maxDivergence of the copies that it runs of what the version answers that it replaces,
 *     those whose answers are not the same
 * @param tolerance for floats
 */
public record Gates(
    double maxErrorRate,
    double maxP99Ratio,
    Duration maxP99,
    long minRequests,
    double maxDivergence,
    Tolerance tolerance) {
  public static final Gates NONE = new Gates(0, 0, Duration.ZERO, 0);

  /** Without comparing. */
  public Gates(double maxErrorRate, double maxP99Ratio, Duration maxP99, long minRequests) {
    this(maxErrorRate, maxP99Ratio, maxP99, minRequests, 0, Tolerance.DEFAULT);
  }

  /** Fewer requests say nothing of a rate. */
  private static final long LEAST_REQUESTS = 20;

  /** Fewer requests say nothing of a 99th percentile that others are held to. */
  private static final long LEAST_STABLE_REQUESTS = 100;

  private static final double SLOWEST = 0.01;

  /** Standard deviations that chance explains. */
  private static final double CHANCE = 3;

  /** A single one, or two, prove nothing. */
  private static final long LEAST_CASES = 3;

  /**
   * What was measured of a version since a step began.
   *
   * @param requests answered
   * @param failed not answered, and not for what their callers got wrong
   * @param boundsNanos upper bounds of the classes of response times, ascending
   * @param counts of response times by class; one more than bounds
   * @param copies that it has run
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Measured(
      long requests, long failed, long[] boundsNanos, long[] counts, Comparisons copies) {
    /** Of one that has run no copies. */
    public Measured(long requests, long failed, long[] boundsNanos, long[] counts) {
      this(requests, failed, boundsNanos, counts, Comparisons.NONE);
    }

    public static final Measured NOTHING = new Measured(0, 0, new long[0], new long[1]);

    /** Where only weights change: no gate holds that up. */
    public static final Measured NO_CANDIDATE =
        new Measured(Long.MAX_VALUE / 2, 0, new long[0], new long[1]);

    /** The 99th percentile, by linear interpolation in its class; 0 for none. */
    double p99Nanos() {
      double rank = (1 - SLOWEST) * total();
      long below = 0;
      for (int i = 0; i < counts.length; i++) {
        if (counts[i] > 0 && below + counts[i] >= rank) {
          return low(i) + (high(i) - low(i)) * (rank - below) / counts[i];
        }
        below += counts[i];
      }
      return 0;
    }

    /** How many took longer, likewise. */
    double above(double nanos) {
      double above = 0;
      for (int i = 0; i < counts.length; i++) {
        double width = high(i) - low(i);
        double share = width > 0 ? (high(i) - nanos) / width : low(i) >= nanos ? 1 : 0;
        above += counts[i] * Math.clamp(share, 0.0, 1.0);
      }
      return above;
    }

    private long total() {
      long total = 0;
      for (long count : counts) {
        total += count;
      }
      return total;
    }

    private double low(int index) {
      return index == 0 ? 0 : boundsNanos[index - 1];
    }

    private double high(int index) {
      return index == boundsNanos.length ? low(index) : boundsNanos[index];
    }
  }

  /**
   * Why the new version has to go; empty if it has not. A few requests are enough where most of
   * them are bad, and many are needed where few are: what chance explains is no reason.
   */
  public Optional<String> violation(Measured candidate, Measured stable) {
    Optional<String> divergence = divergence(candidate.copies);
    return divergence.isPresent() ? divergence : violationOfTraffic(candidate, stable);
  }

  private Optional<String> divergence(Comparisons copies) {
    if (maxDivergence > 0
        && copies.total() >= LEAST_REQUESTS
        && isMoreThan(maxDivergence, (double) copies.notSame(), copies.total())) {
      return Optional.of(
          "other answers than the version it replaces to %d of %d copies of requests, %.4f (expected at most %s): %s"
              .formatted(
                  copies.notSame(),
                  copies.total(),
                  (double) copies.notSame() / copies.total(),
                  maxDivergence,
                  copies.worst()));
    }
    return Optional.empty();
  }

  private Optional<String> violationOfTraffic(Measured candidate, Measured stable) {
    long total = candidate.requests + candidate.failed;
    if (total < LEAST_REQUESTS) {
      return Optional.empty();
    }
    if (maxErrorRate > 0 && isMoreThan(maxErrorRate, (double) candidate.failed, total)) {
      return Optional.of(
          "error rate %.4f, %d of %d requests (expected at most %s)"
              .formatted((double) candidate.failed / total, candidate.failed, total, maxErrorRate));
    }
    if (maxP99.isPositive() && isSlower(candidate, (double) maxP99.toNanos())) {
      return Optional.of(
          "p99 %.3f ms of %d requests (expected at most %.3f ms)"
              .formatted(candidate.p99Nanos() / 1e6, candidate.requests, maxP99.toNanos() / 1e6));
    }
    double allowed = maxP99Ratio * stable.p99Nanos();
    if (allowed > 0 && stable.requests >= LEAST_STABLE_REQUESTS && isSlower(candidate, allowed)) {
      return Optional.of(
          "p99 %.3f ms of %d requests against %.3f ms of the version it replaces (expected at most %s times)"
              .formatted(
                  candidate.p99Nanos() / 1e6,
                  candidate.requests,
                  stable.p99Nanos() / 1e6,
                  maxP99Ratio));
    }
    return Optional.empty();
  }

  private static boolean isSlower(Measured candidate, double nanos) {
    return isMoreThan(SLOWEST, candidate.above(nanos), candidate.total());
  }

  /** Whether so many cases are more than a rate and chance explain. */
  static boolean isMoreThan(double rate, double cases, long total) {
    double expected = rate * total;
    double deviation = Math.sqrt(expected * Math.max(0, 1 - rate));
    return cases >= LEAST_CASES && cases > expected + CHANCE * deviation;
  }

  /**
   * Whether enough was measured for a step to end.
   *
   * @param percent of the traffic in this step
   */
  public boolean isEnough(Measured candidate, int percent) {
    long copies = percent == 0 ? candidate.copies.total() : 0;
    return Math.max(candidate.requests, copies) >= minRequests;
  }
}
