// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.ArrivalPattern;
import dev.millrace.loadtest.load.ArrivalSpec;
import dev.millrace.loadtest.load.LoadOptions;
import dev.millrace.loadtest.load.LoadShape;
import dev.millrace.loadtest.load.Slo;
import dev.millrace.loadtest.load.WarmUp;
import dev.millrace.loadtest.workload.DeadlineShare;
import dev.millrace.loadtest.workload.Workload;
import dev.millrace.loadtest.workload.WorkloadSpec;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a bench is to do: the arguments, read and found to fit together.
 *
 * @param arrivals of an open loop; empty for a closed one
 * @param pattern of arrivals wherever the bench itself chooses rates
 * @param durationNanos of a measurement, at most
 * @param deadlines of requests, with their shares; empty for none
 * @param shown the options as reports show them
 */
record BenchPlan(
    Target target,
    WorkloadSpec workload,
    Load load,
    Optional<ArrivalSpec> arrivals,
    ArrivalPattern pattern,
    long durationNanos,
    WarmUp warmUp,
    List<DeadlineShare> deadlines,
    Question question,
    Map<String, String> shown) {

  /**
   * How load is put on a server, whatever the question.
   *
   * @param inFlight on each connection of a closed loop
   * @param checkEvery one in so many answers; 0 for none
   */
  record Load(int connections, int inFlight, int eventLoops, int checkEvery, long seed) {}

  /** What is to be found out. */
  sealed interface Question {
    /** How the server does under the given load. */
    record HowFast() implements Question {}

    /** At which rate it meets the goal. */
    record Peak(Slo slo) implements Question {}

    /**
     * What it does with too much.
     *
     * @param peak the rate that it can bear, if the user knows
     */
    record Overload(Slo slo, OptionalDouble peak) implements Question {}

    /** How it compares with another one. */
    record Against(Target other, int rounds) implements Question {}
  }

  // of an open loop on all connections: enough for any server that is not lost, and little memory
  private static final int MAX_OPEN = 32_768;

  BenchPlan {
    deadlines = List.copyOf(deadlines);
  }

  /** That all requests have; 0 if there is none, or if there are several. */
  long deadlineNanos() {
    return deadlines.size() == 1 ? deadlines.getFirst().nanos() : 0;
  }

  /** The same requests, each with each of the deadlines if there are several. */
  Workload mixed(Workload requests) {
    return deadlines.size() > 1 ? requests.within(deadlines) : requests;
  }

  LoadOptions options(Target server, long deadlineNanos) throws UnknownHostException {
    return new LoadOptions(
        server.resolve(),
        load.connections(),
        load.eventLoops(),
        deadlineNanos,
        load.checkEvery(),
        load.seed());
  }

  /** The load that the user asked for. */
  LoadShape shape() {
    return arrivals
        .<LoadShape>map(given -> new LoadShape.OpenLoop(given::schedule, MAX_OPEN))
        .orElseGet(this::closedLoop);
  }

  LoadShape closedLoop() {
    return new LoadShape.ClosedLoop(load.inFlight());
  }

  /** Load of a rate, in requests per second, without an end. */
  LoadShape openLoop(double rate) {
    ArrivalSpec endless = ArrivalSpec.fixed(rate, pattern, Double.POSITIVE_INFINITY);
    return new LoadShape.OpenLoop(endless::schedule, MAX_OPEN);
  }
}
