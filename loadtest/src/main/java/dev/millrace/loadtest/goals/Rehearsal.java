// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.ArrivalSchedule;
import dev.millrace.loadtest.load.ArrivalSpec;
import dev.millrace.loadtest.simulator.Clients;
import dev.millrace.loadtest.simulator.CurveFile;
import dev.millrace.loadtest.simulator.Disturbances;
import dev.millrace.loadtest.simulator.MeasuredCurves;
import dev.millrace.loadtest.simulator.MillraceScheduler;
import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceModel;
import dev.millrace.loadtest.simulator.SimResult;
import dev.millrace.loadtest.simulator.Simulation;
import dev.millrace.loadtest.simulator.Workload;
import dev.millrace.loadtest.simulator.gates.Rivals;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The load of a turn, in the simulator, on the curves that the gateway has learned. */
final class Rehearsal {
  private final ServiceModel service;
  private final int shapes;
  private final long nanos;

  private Rehearsal(ServiceModel service, int shapes, long nanos) {
    this.service = service;
    this.shapes = shapes;
    this.nanos = nanos;
  }

  /**
   * Of a model.
   *
   * @param shapes that requests have; those curves count that were learned from most batches
   * @param nanos of a turn
   */
  static Rehearsal of(Learned learned, int shapes, long nanos) throws IOException {
    List<MeasuredCurves.Curve> curves = CurveFile.parse(learned.json()).curves();
    List<Learned.Cost> costs = learned.costs();
    List<Integer> known =
        IntStream.range(0, curves.size())
            .boxed()
            .sorted(Comparator.comparingLong((Integer i) -> costs.get(i).samples()).reversed())
            .limit(shapes)
            .toList();
    double variation =
        known.stream().mapToDouble(i -> costs.get(i).variation()).average().orElse(0);
    ServiceModel service = new MeasuredCurves(known.stream().map(curves::get).toList());
    return new Rehearsal(Disturbances.noise(service, variation), known.size(), nanos);
  }

  /** Requests per second in a closed loop, shapes at random. */
  double rate(Policy policy) {
    Load load = PolicyGateway.CLOSED;
    List<RequestKind> kinds = new ArrayList<>();
    for (int shape = 0; shape < shapes; shape++) {
      kinds.add(RequestKind.within(Long.MAX_VALUE).ofShape(shape));
    }
    Workload workload =
        Workload.of(seed -> () -> ArrivalSchedule.END, kinds)
            .with(new Clients.ClosedLoop(load.connections() * load.inFlight()));
    return Simulation.run(plan(workload), scheduler(policy)).goodput();
  }

  /** The very arrivals of a turn under an open load. */
  SimResult replay(ArrivalSpec arrivals, long deadlineNanos) {
    Workload workload =
        Workload.of(seed -> arrivals.schedule(Subject.SEED), RequestKind.within(deadlineNanos));
    return Simulation.run(plan(workload), scheduler(Policy.AUTO));
  }

  private Plan plan(Workload workload) {
    return new Plan(
        workload,
        service,
        1,
        PolicyGateway.MAX_BATCH_ROWS,
        PolicyGateway.SETTLE_NANOS / 1e9,
        nanos / 1e9,
        Subject.SEED);
  }

  private static Scheduler.Factory scheduler(Policy policy) {
    return switch (policy) {
      case AUTO -> MillraceScheduler::auto;
      case TRITON -> Rivals.TRITON;
      case NONE -> Rivals.NO_BATCHING;
    };
  }
}
