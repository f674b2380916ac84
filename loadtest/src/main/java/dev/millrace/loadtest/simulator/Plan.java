// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

/**
 * A run of the simulator.
 *
 * @param workload what is asked for
 * @param service how long runs take
 * @param replicas how many run at a time, at least 1
 * @param maxBatchRows rows of a batch at most
 * @param warmUpSeconds requests that come before are served and not counted
 * @param seconds for how long requests come after that
 * @param seed of everything that is random
 */
public record Plan(
    Workload workload,
    ServiceModel service,
    int replicas,
    int maxBatchRows,
    double warmUpSeconds,
    double seconds,
    long seed) {
  public Plan {
    require(replicas >= 1, "replicas", replicas, "at least 1");
    require(maxBatchRows >= 1, "maxBatchRows", maxBatchRows, "at least 1");
    require(warmUpSeconds >= 0, "warmUpSeconds", warmUpSeconds, "at least 0");
    require(seconds > 0, "seconds", seconds, "above 0");
  }

  private static void require(boolean ok, String name, double value, String expected) {
    if (!ok) {
      throw new IllegalArgumentException(name + ": " + value + " (expected " + expected + ")");
    }
  }

  public Plan with(Workload other) {
    return new Plan(other, service, replicas, maxBatchRows, warmUpSeconds, seconds, seed);
  }

  Scheduler.Setting setting() {
    return new Scheduler.Setting(service, replicas, maxBatchRows, workload.leastSloNanos());
  }
}
