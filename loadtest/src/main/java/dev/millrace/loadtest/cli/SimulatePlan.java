// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceModel;
import dev.millrace.loadtest.simulator.Workload;
import java.util.List;

/**
 * What a simulation was asked for.
 *
 * @param arrivals at a rate
 * @param rate asked for; NaN if arrivals have one of their own, or it is to be found
 * @param sloNanos Long.MAX_VALUE for none
 */
record SimulatePlan(
    ServiceModel service,
    List<RequestKind> kinds,
    SimulatedArrivals arrivals,
    double rate,
    long sloNanos,
    int replicas,
    int maxBatch,
    double seconds,
    Scheduler.Factory scheduler,
    String schedulerName,
    long seed) {
  private static final double WARM_UP = 0.1;

  /** All that a run remembers has to fit into memory, and nobody waits for more. */
  private static final double MAX_REQUESTS = 5e6;

  boolean hasSlo() {
    return sloNanos != Long.MAX_VALUE;
  }

  /** At another rate, with as many replicas. */
  Plan at(double otherRate, int otherReplicas) {
    Workload workload =
        Workload.of(arrivals.at(otherRate, sloNanos), kinds).with(arrivals.clients());
    double length = arrivals.isRated() ? Math.min(seconds, MAX_REQUESTS / otherRate) : seconds;
    // a file's beginning is as good as the rest of it
    double warmUp = arrivals.isReplayed() ? 0 : WARM_UP * length;
    return new Plan(workload, service, otherReplicas, maxBatch, warmUp, length, seed);
  }
}
