// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import dev.millrace.backends.shadow.Comparisons;
import dev.millrace.backends.shadow.Tolerance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a new version has to keep to while it gets a part of the traffic. Not positive is no gate.
 *
 * <p>A version goes back if more of its requests are bad than the gate says, by more than chance
 * explains ({@link Chance}), also without the moments in which most of them were ({@link Moments}).
 * So a few tens of requests are enough where most are bad, many are needed where few are, and
 * stalls of the machine are no reason. While there are such moments and fewer than twenty requests
 * besides, the step goes on: it does not end on a doubt.
 *
 * <p>Times are compared with those of the version that is replaced. If the new one is no slower
 * than the ratio allows, then for any time {@code t} the share of its requests that take longer
 * than {@code ratio · t} is at most the share of the other's that take longer than {@code t}, in
 * the same time. Two {@code t} are looked at:
 *
 * <ul>
 *   <li>the p99 of the stable version in the same step: what makes the machine slow makes both
 *       slow;
 *   <li>its p99 before the rollout. A slow version may take so much of a core that the one beside
 *       it becomes slow too, and the ratio of the two says nothing. But then it is slow whenever it
 *       runs, and the other one only where they meet: more of its requests are slower than the
 *       stable version was. Where the load has grown meanwhile, both have more of them, and the
 *       shares differ no more than the ratio allows.
 * </ul>
 *
 * @param maxErrorRate failed of its requests, without those that their callers got wrong
 * @param maxP99Ratio its 99th percentile over that of the version it replaces
 * @param maxP99 its 99th percentile
 * @param minRequests answered or failed until a step may end; of a step without traffic, copies
 *     that were run
 * @param maxDivergence of the copies that it runs of what the version answers that it replaces,
 *     those whose answers are not the same
 * @param tolerance for floats
 * @param limits of metrics
 */
public record Gates(
    double maxErrorRate,
    double maxP99Ratio,
    Duration maxP99,
    long minRequests,
    double maxDivergence,
    Tolerance tolerance,
    List<MetricLimit> limits) {
  public static final Gates NONE = new Gates(0, 0, Duration.ZERO, 0);

  /** Fewer requests say nothing of a rate. */
  static final long LEAST_REQUESTS = 20;

  /** Fewer requests say nothing of a 99th percentile that others are held to. */
  static final long LEAST_STABLE_REQUESTS = 100;

  private static final double FAST = 0.99;
  private static final double SLOWEST = 1 - FAST;

  public Gates {
    limits = List.copyOf(limits);
  }

  /** Without comparing answers, and without limits of metrics. */
  public Gates(double maxErrorRate, double maxP99Ratio, Duration maxP99, long minRequests) {
    this(maxErrorRate, maxP99Ratio, maxP99, minRequests, 0, Tolerance.DEFAULT, List.of());
  }

  /** The same, and answers are compared. */
  public Gates comparing(double divergence, Tolerance floats) {
    return new Gates(maxErrorRate, maxP99Ratio, maxP99, minRequests, divergence, floats, limits);
  }

  /** Whether anything is held to a limit. */
  public boolean limitAnything() {
    return maxErrorRate > 0
        || maxP99Ratio > 0
        || maxP99.isPositive()
        || maxDivergence > 0
        || !limits.isEmpty();
  }

  /** Whether the new version has to go, and why. */
  public Verdict judge(Seen seen) {
    Verdict verdict = divergence(seen.candidate().latest().copies());
    for (Bound bound : bounds(seen)) {
      verdict = Verdict.worse(verdict, bound.judge(seen.candidate()));
    }
    for (int i = 0; i < limits.size(); i++) {
      verdict = Verdict.worse(verdict, new LimitCheck(limits.get(i), i, seen).judge());
    }
    return verdict;
  }

  /** What a version answers does not depend on the moment: no second is left out. */
  private Verdict divergence(Comparisons copies) {
    if (maxDivergence > 0
        && copies.total() >= LEAST_REQUESTS
        && Chance.isMore((double) copies.notSame(), maxDivergence * copies.total())) {
      return Verdict.broken(
          "other answers than the version it replaces to %d of %d copies of requests, %.4f (expected at most %s): %s"
              .formatted(
                  copies.notSame(),
                  copies.total(),
                  (double) copies.notSame() / copies.total(),
                  maxDivergence,
                  copies.worst()));
    }
    return Verdict.KEPT;
  }

  private List<Bound> bounds(Seen seen) {
    List<Bound> bounds = new ArrayList<>();
    Measured candidate = seen.candidate().last().measured();
    if (maxErrorRate > 0) {
      bounds.add(errors(candidate));
    }
    if (maxP99.isPositive()) {
      bounds.add(slow(candidate));
    }
    Distribution stable = seen.stable().last().measured().times();
    if (maxP99Ratio > 0 && stable.total() >= LEAST_STABLE_REQUESTS) {
      bounds.add(slower(candidate, stable, stable, ""));
      if (seen.before().times().total() >= LEAST_STABLE_REQUESTS) {
        bounds.add(slower(candidate, stable, seen.before().times(), " (before the rollout)"));
      }
    }
    return bounds;
  }

  private Bound errors(Measured candidate) {
    return new Bound(
        reading -> (double) reading.measured().failed(),
        reading -> (double) reading.measured().attempts(),
        Chance.LEAST_CASES, // a version that fails always is known after so many
        count -> Chance.isMore(count.cases(), maxErrorRate * count.trials()),
        () ->
            "error rate %.4f, %d of %d requests (expected at most %s)"
                .formatted(
                    (double) candidate.failed() / candidate.attempts(),
                    candidate.failed(),
                    candidate.attempts(),
                    maxErrorRate));
  }

  private Bound slow(Measured candidate) {
    return new Bound(
        reading -> reading.measured().times().above((double) maxP99.toNanos()),
        reading -> reading.measured().times().total(),
        LEAST_REQUESTS,
        count -> Chance.isMore(count.cases(), SLOWEST * count.trials()),
        () ->
            "p99 %.3f ms of %d requests (expected at most %.3f ms)"
                .formatted(
                    candidate.times().quantile(FAST) / 1e6,
                    candidate.requests(),
                    maxP99.toNanos() / 1e6));
  }

  /**
   * Slower than the stable version.
   *
   * @param stable its times in the same step
   * @param reference its times whose p99 is taken
   */
  private Bound slower(
      Measured candidate, Distribution stable, Distribution reference, String when) {
    double p99 = reference.quantile(FAST);
    double stableSlower = stable.above(p99);
    return new Bound(
        reading -> reading.measured().times().above(maxP99Ratio * p99),
        reading -> reading.measured().times().total(),
        LEAST_REQUESTS,
        count ->
            Chance.isMore(count.cases(), count.trials(), stableSlower, (double) stable.total()),
        () ->
            "p99 %.3f ms of %d requests against%s %.3f ms of the version it replaces (expected at most %s times)"
                .formatted(
                    candidate.times().quantile(FAST) / 1e6,
                    candidate.requests(),
                    when,
                    p99 / 1e6,
                    maxP99Ratio));
  }

  /**
   * How far what was measured falls short of what a step needs, "12 of 20 requests"; empty if it is
   * enough.
   *
   * @param percent of the traffic in this step
   */
  public Optional<String> shortfall(Measured candidate, int percent) {
    long copies = percent == 0 ? candidate.copies().total() : 0;
    long seen = Math.max(candidate.attempts(), copies);
    return seen >= minRequests
        ? Optional.empty()
        : Optional.of(
            "%d of %d %s".formatted(seen, minRequests, percent == 0 ? "copies" : "requests"));
  }
}
