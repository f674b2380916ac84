// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.Clients;
import dev.millrace.loadtest.simulator.Latencies;
import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.RandomArrivals;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.SimResult;
import dev.millrace.loadtest.simulator.Workload;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A steady load of 0.7, twice the saturated rate for a while, and the steady load again.
 *
 * @param clients what they do who are refused
 */
record Recovery(Trials trials, Clients clients, double overloadSeconds) {
  private static final double STEADY_LOAD = 0.7;
  private static final double STEADY_SECONDS = 10;
  private static final double OVERLOAD = 2;

  /** Of how much worse than steady is well again. */
  private static final double WELL = 1.2;

  /** In half SLOs after the overload: who is not well by then is not counted well. */
  private static final int LONGEST = 40;

  /** Answers in time while the overload lasts, as a share of the saturated rate. */
  double goodput(Scheduler.Factory factory) {
    return Trials.run(plan(STEADY_SECONDS, overloadSeconds, Trials.SEED), factory).goodput()
        / trials.saturatedRate();
  }

  /**
   * In SLOs from the end of the overload until the p99 is within 1.2 of what it was before.
   *
   * <p>Windows of half an SLO, the same ones of several seeds together: one run has too few
   * requests in a window for a p99. Well again is whoever stays so for two windows; who refuses a
   * hundredth before has not been well, and never is.
   */
  double slos(Scheduler.Factory factory) {
    double slo = trials.model().sloNanos() / 1e9;
    double end = STEADY_SECONDS + overloadSeconds;
    List<SimResult> runs =
        IntStream.range(0, trials.effort().isFull() ? 40 : 10)
            .mapToObj(i -> Trials.run(plan(0, end + LONGEST * slo / 2, Trials.SEED + i), factory))
            .toList();
    double steady = p99(runs, STEADY_SECONDS / 2, STEADY_SECONDS);
    if (steady == Long.MAX_VALUE) {
      return Double.POSITIVE_INFINITY;
    }
    int well = 0;
    for (int half = 0; half < LONGEST; half++) {
      double from = end + half * slo / 2;
      well = p99(runs, from, from + slo / 2) <= WELL * steady ? well + 1 : 0;
      if (well == 2) {
        return (half - 1) / 2.0;
      }
    }
    return Double.POSITIVE_INFINITY;
  }

  private Plan plan(double fromSeconds, double seconds, long seed) {
    double saturated = trials.saturatedRate();
    Workload workload =
        Workload.of(
                RandomArrivals.overload(
                    STEADY_LOAD * saturated, STEADY_SECONDS, OVERLOAD * saturated, overloadSeconds),
                RequestKind.within(trials.model().sloNanos()))
            .with(clients);
    return new Plan(
        workload,
        trials.model().service(),
        trials.replicas(),
        Models.MAX_BATCH,
        fromSeconds,
        seconds,
        seed);
  }

  private static double p99(List<SimResult> runs, double fromSeconds, double toSeconds) {
    return Latencies.together(
            runs.stream().map(run -> run.latencyBetween(fromSeconds, toSeconds)).toList())
        .percentileNanos(99);
  }
}
