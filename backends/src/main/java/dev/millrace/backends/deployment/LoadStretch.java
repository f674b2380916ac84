// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.gate.Distribution;
import java.util.Arrays;
import java.util.Optional;

/**
 * The load of a version over some seconds, between two readings.
 *
 * <p>How busy replicas are says little where requests share batches: one replica that runs all the
 * time in batches of three may do ten times as much in batches of thirty. So the load is what was
 * asked for, in the time that it takes in batches of the best size.
 */
final class LoadStretch {
  /** Above, replicas are short: from here on waits grow faster than the load. */
  static final double HIGH = 0.75;

  /** Replicas that run for more of the time than this may be asked for more than they can do. */
  private static final double SATURATED = 0.9;

  /** With less to do, it is not for want of replicas that requests wait or are turned away. */
  private static final double AT_WORK = 0.5;

  /** Of requests that are turned away, or wait too long. */
  private static final double FEW = 0.01;

  /** Waits of that many runs mean that there is always something waiting. */
  private static final double LONG_WAIT_RUNS = 2;

  /** Standard deviations that chance explains. */
  private static final double CHANCE = 2;

  /** The same for requests that are turned away, or wait: each is a case by itself. */
  private static final double CHANCE_OF_CASES = 3;

  /** A single one, or two, prove nothing. */
  private static final double LEAST_CASES = 3;

  /** Fewer say nothing of a mean. */
  static final int LEAST_REQUESTS = 20;

  private final LoadReading from;
  private final LoadReading to;
  private final boolean saturated;
  private final double seconds;

  /**
   * @param from where it begins
   * @param last the reading before its end
   * @param to its end; with as many replicas
   */
  LoadStretch(LoadReading from, LoadReading last, LoadReading to) {
    this.from = from;
    this.to = to;
    this.seconds = seconds(from, to);
    this.saturated = busy(last, to) >= SATURATED * to.replicas();
  }

  private static double seconds(LoadReading from, LoadReading to) {
    return (to.atNanos() - from.atNanos()) / 1e9;
  }

  /** Replicas that were running, on average; a run that failed is not counted when it ends. */
  private static double busy(LoadReading from, LoadReading to) {
    double busy = (to.busyNanos() - from.busyNanos()) / 1e9 / seconds(from, to);
    return Math.max(0, busy) * to.replicaShare();
  }

  /** The part of the replicas' time in which they ran. */
  private double utilisation() {
    return Math.min(1, busy(from, to) / to.replicas());
  }

  /** Replicas that would be busy all the time with what was asked for. */
  double neededReplicas() {
    double busy = busy(from, to);
    double needed = arrivedRows() / seconds * to.secondsPerRow() * to.replicaShare();
    if (to.secondsPerRow() == 0) {
      return busy;
    }
    return saturated ? needed : Math.min(needed, busy);
  }

  private double arrivedRows() {
    double queued = to.queuedRows() - from.queuedRows();
    return Math.max(0, rows() + queued + turnedAway() * rowsPerRequest());
  }

  private double rowsPerRequest() {
    return answered() > 0 ? Math.max(1, rows() / answered()) : 1;
  }

  private double rows() {
    return (double) (to.rows() - from.rows());
  }

  private double answered() {
    return (double) (to.requests() - from.requests());
  }

  private double turnedAway() {
    return (double) (to.turnedAway() - from.turnedAway());
  }

  /** Requests that are over. */
  private long requests() {
    return to.requests() - from.requests() + to.turnedAway() - from.turnedAway();
  }

  long batches() {
    return to.batches() - from.batches();
  }

  double nanos() {
    return seconds * 1e9;
  }

  /** Rows per second that the replicas would run if they ran all the time as they did. */
  double capacity() {
    double busy = busy(from, to);
    return busy > 0 ? rows() / seconds / busy * to.replicas() : 0;
  }

  double meanWaitNanos() {
    return (to.waitNanos() - from.waitNanos()) / Math.max(1, answered());
  }

  private double meanRunNanos() {
    return (to.runNanos() - from.runNanos()) / (double) Math.max(1, batches());
  }

  /** Requests that came, whether they have been answered or not. */
  double arrivedRequests() {
    return arrivedRows() / rowsPerRequest();
  }

  /** Whether replicas have so much to do that they may be what requests wait for. */
  boolean isAtWork() {
    return utilisation() >= AT_WORK;
  }

  /** Whether less waits than before. */
  boolean isDraining() {
    return to.queuedRows() < from.queuedRows();
  }

  /** Requests were turned away; empty if few were, or not for want of replicas. */
  Optional<String> refusals() {
    return isAtWork() && isMoreThan(FEW, turnedAway(), requests())
        ? Optional.of("%.0f of %d requests turned away".formatted(turnedAway(), requests()))
        : Optional.empty();
  }

  /** Whether so many cases are more than a rate and chance explain. */
  private static boolean isMoreThan(double rate, double cases, long total) {
    double expected = rate * total;
    double deviation = Math.sqrt(expected * Math.max(0, 1 - rate));
    return cases >= LEAST_CASES && cases > expected + CHANCE_OF_CASES * deviation;
  }

  /** More is asked for than is good; empty if not, or if chance may explain it. */
  Optional<String> highLoad() {
    double needed = neededReplicas();
    // as if requests came one by one, at random
    double deviation = needed / Math.sqrt(Math.max(1, arrivedRequests()));
    double most = HIGH * to.replicas();
    return needed - CHANCE * deviation > most
        ? Optional.of("load for %.2f replicas (expected at most %.2f)".formatted(needed, most))
        : Optional.empty();
  }

  /**
   * Requests wait where they should be answered in time.
   *
   * @param sloNanos within which requests are to be answered; 0 for nothing in particular
   */
  Optional<String> waits(long sloNanos) {
    return sloNanos > 0 ? slowWaits(sloNanos) : longWaits();
  }

  private Optional<String> slowWaits(long sloNanos) {
    long[] counts = new long[to.waits().length];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = to.waits()[i] - from.waits()[i];
    }
    long answered = to.requests() - from.requests();
    double[] bounds = Arrays.stream(to.boundsNanos()).asDoubleStream().toArray();
    double slow = new Distribution(bounds, counts, 0).above(sloNanos / 2.0);
    return isMoreThan(FEW, slow, answered)
        ? Optional.of(
            "%.0f of %d requests waited longer than half of the SLO of %.3f ms"
                .formatted(slow, answered, sloNanos / 1e6))
        : Optional.empty();
  }

  private Optional<String> longWaits() {
    return utilisation() >= HIGH
            && answered() >= LEAST_REQUESTS
            && meanWaitNanos() > LONG_WAIT_RUNS * meanRunNanos()
        ? Optional.of(
            "requests wait %.3f ms where a batch takes %.3f ms"
                .formatted(meanWaitNanos() / 1e6, meanRunNanos() / 1e6))
        : Optional.empty();
  }
}
