// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.List;
import java.util.function.DoubleFunction;

/**
 * The highest rate at which a share of the requests is answered in time.
 *
 * <p>By bisection on the same seeds at each rate: the arrivals of two rates are then the same but
 * for their scale, and nearly always a rate passes if a higher one does. Runs that fail end as soon
 * as that is certain, which is what makes searches cheap.
 *
 * @param plans at a rate in requests per second; a rate passes if it does over all of them together
 * @param shareOnTime such as 0.99
 */
public record Capacity(DoubleFunction<List<Plan>> plans, double shareOnTime) {
  /** Doublings of a first guess that was too low before the search gives up. */
  private static final int MAX_DOUBLINGS = 40;

  /**
   * The rate at which all replicas always run batches as large as deadlines allow.
   *
   * <p>A request that has just missed a batch waits for what is left of it, a 1/replicas-th if they
   * are staggered, and then for its own: l(b)(1 + 1/n) must not be longer than the SLO.
   */
  public static double saturatedRate(
      ServiceCurve curve, int replicas, int maxBatchRows, long sloNanos) {
    int rows = feasibleRows(curve, replicas, maxBatchRows, sloNanos);
    return replicas * rows * 1e9 / curve.nanos(0, rows);
  }

  /** The largest batch of shape 0 for {@link #saturatedRate}, at least 1. */
  public static int feasibleRows(
      ServiceCurve curve, int replicas, int maxBatchRows, long sloNanos) {
    int rows = maxBatchRows;
    while (rows > 1 && curve.nanos(0, rows) * (1 + 1.0 / replicas) > sloNanos) {
      rows--;
    }
    return rows;
  }

  /** Whether enough are on time at a rate. */
  public boolean passes(double rate, Scheduler.Factory factory) {
    long offered = 0;
    long missed = 0;
    for (Plan plan : plans.apply(rate)) {
      // the number of requests is random, too: a little more than expected may be missed before the
      // run is broken off, and the exact share then decides
      double expected = rate * plan.seconds();
      long allowed = Math.round((1 - shareOnTime) * (1.2 * expected + 100)) + 1;
      SimResult result = Simulation.runUnlessMissed(plan, factory, allowed);
      if (!result.isComplete()) {
        return false;
      }
      offered += result.offered();
      missed += result.offered() - result.onTime();
    }
    return missed <= (1 - shareOnTime) * offered;
  }

  /**
   * Searches between 0 and twice a guess, higher if need be.
   *
   * @param tolerance how far the answer may be from a rate that fails, as a share of the guess
   * @return a rate that passes; 0 if none was found
   */
  public double find(double guess, double tolerance, Scheduler.Factory factory) {
    return find(0, guess, tolerance, factory);
  }

  /** The best of several, which costs little more than one: most fail at what another can do. */
  public double best(double guess, double tolerance, List<Scheduler.Factory> factories) {
    double best = 0;
    for (Scheduler.Factory factory : factories) {
      if (best == 0 || passes(best + tolerance * guess, factory)) {
        best = find(best, guess, tolerance, factory);
      }
    }
    return best;
  }

  private double find(double known, double guess, double tolerance, Scheduler.Factory factory) {
    double passed = known;
    double failed = Math.max(guess, known * (1 + tolerance));
    for (int i = 0; i < MAX_DOUBLINGS && passes(failed, factory); i++) {
      passed = failed;
      failed *= i == 0 ? 1.2 : 2;
    }
    while (failed - passed > tolerance * guess) {
      double middle = (passed + failed) / 2;
      if (passes(middle, factory)) {
        passed = middle;
      } else {
        failed = middle;
      }
    }
    return passed;
  }
}
