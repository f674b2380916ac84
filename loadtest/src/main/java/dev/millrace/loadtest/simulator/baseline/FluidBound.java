// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.List;

/**
 * What several replicas cannot exceed: they as one fluid server that takes each request for the
 * time of a row in the best batch the deadline allows.
 *
 * <p>A run of b rows occupies a replica for at least b times that time, after the last of its rows
 * came and before the first is due; so whatever the replicas can do, a server of their joint speed
 * that may divide and interrupt its work can. It is a bound only, the looser the fewer the rows
 * that wait at a time.
 */
public final class FluidBound {
  private final CurveTable table;
  private final int replicas;

  /** The bound for these replicas. */
  public FluidBound(ServiceCurve curve, int replicas, int maxBatch) {
    this.table = new CurveTable(curve, maxBatch);
    this.replicas = Check.positive("replicas", replicas);
  }

  /** Rows per second that can be on time, within that time from their arrival, at most. */
  public double rowsPerSecond(int shape, long sloNanos) {
    return replicas * table.bestRate(shape, sloNanos) * 1e9;
  }

  /**
   * How many can be on time at most.
   *
   * @throws IllegalArgumentException if a request has another shape or several rows, or is due
   *     before an earlier one
   */
  public int onTime(List<SimRequest> requests) {
    AgreeableRequests agreeable = new AgreeableRequests(requests);
    double rate = rowsPerSecond(agreeable.shape(), agreeable.longestBudgetNanos());
    if (rate == 0) {
      return 0;
    }
    // equal work, deadlines in order of arrival: to refuse what would be late is optimal
    double rowNanos = 1e9 / rate;
    double freeNanos = 0;
    int onTime = 0;
    for (int i = 0; i < agreeable.size(); i++) {
      double endNanos = Math.max(freeNanos, (double) agreeable.arrivalNanos(i)) + rowNanos;
      if (endNanos - 1 <= agreeable.deadlineNanos(i)) { // a bound: sums are rounded
        freeNanos = endNanos;
        onTime++;
      }
    }
    return onTime;
  }
}
