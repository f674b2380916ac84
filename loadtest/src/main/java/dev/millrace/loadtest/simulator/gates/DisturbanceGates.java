// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.load.ArrivalSchedule;
import dev.millrace.loadtest.simulator.Clients;
import dev.millrace.loadtest.simulator.Disturbances;
import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.RandomArrivals;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceModel;
import dev.millrace.loadtest.simulator.SimRequest;
import dev.millrace.loadtest.simulator.Simulation;
import dev.millrace.loadtest.simulator.Workload;
import dev.millrace.loadtest.simulator.baseline.FluidBound;
import dev.millrace.loadtest.simulator.gates.Models.Model;
import java.util.ArrayList;
import java.util.List;

/** Clients that come again, and machines that stand still. */
final class DisturbanceGates {
  private static final int ATTEMPTS = 4;

  /** Every 80 SLOs for 4 of them: for one of 25 ms, every two seconds for 100 ms. */
  private static final int PERIOD_SLOS = 80;

  private static final int PAUSE_SLOS = 4;

  private static final double LOAD_WITH_PAUSES = 0.7;

  private final Scheduler.Factory ours;
  private final Effort effort;

  DisturbanceGates(Scheduler.Factory ours, Effort effort) {
    this.ours = ours;
    this.effort = effort;
  }

  List<Gate> all() {
    return List.of(storm(), pauses());
  }

  /**
   * Overloads outlast their cause where those who are refused add more to them than they take off:
   * four attempts at a load of 0.7 are 2.8. When the last attempts have been made, at most 2.6 SLOs
   * after the end of an overload for clients that wait for 1/4, 1/2 and 1 SLO and up to a half
   * more, it must be over as if there had been none.
   */
  private Gate storm() {
    List<Cell> cells = new ArrayList<>();
    for (int replicas : effort.pick(List.of(1, 4, 8), List.of(4))) {
      Trials trials = new Trials(Models.RESNET, replicas, effort);
      double seconds = effort.isFull() ? 5 : 2;
      Recovery obedient = new Recovery(trials, comeAgain(trials, true), seconds);
      Recovery hasty = new Recovery(trials, comeAgain(trials, false), seconds);
      cells.add(
          new Cell(
              trials.name(),
              () ->
                  new double[] {
                    obedient.goodput(ours),
                    hasty.goodput(ours),
                    obedient.slos(ours),
                    hasty.slos(ours)
                  }));
    }
    return new Gate(
        "G19",
        "an overload of 2×, and whoever is refused comes again up to 3 times",
        List.of(
            Claim.atLeast(.9, "goodput, of the saturated rate, when told to"),
            Claim.atLeast(.9, "goodput, of the saturated rate, sooner than told to"),
            Claim.atMost(4.5, "SLOs until p99 is within 1.2 of steady, when told to"),
            Claim.atMost(4.5, "SLOs until p99 is within 1.2 of steady, sooner than told to")),
        cells);
  }

  private static Clients comeAgain(Trials trials, boolean obedient) {
    return new Clients.Retry(ATTEMPTS, trials.model().sloNanos() / 4, obedient);
  }

  /**
   * A pause costs whatever scheduler there is the requests that it leaves no time for. Besides, it
   * may cost the batch that it falls into and the one that begins in it: of a period of 80 SLOs a
   * hundredth, and as much again may be lost without pauses (G9); in overload, where batches take
   * up to 8/9 of an SLO, 2.4 % more than in G8.
   */
  private Gate pauses() {
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.gpuLike(), List.of(Models.RESNET))) {
      for (int replicas : effort.pick(Trials.REPLICAS, List.of(8))) {
        Trials trials = new Trials(model, replicas, effort);
        cells.add(new Cell(trials.name(), () -> withPauses(trials)));
      }
    }
    return new Gate(
        "G21",
        "a machine that stands still for 4 SLOs of every 80",
        List.of(
            Claim.atLeast(-.02, "share on time less the fluid bound's, load 0.7"),
            Claim.atLeast(.945, "goodput at 2×, of the saturated rate while it runs")),
        cells);
  }

  private double[] withPauses(Trials trials) {
    long slo = trials.model().sloNanos();
    double saturated = trials.saturatedRate();
    ServiceModel service =
        Disturbances.pauses(trials.model().service(), PERIOD_SLOS * slo, PAUSE_SLOS * slo);
    Workload.Arrivals arrivals = RandomArrivals.poisson(LOAD_WITH_PAUSES * saturated);
    Workload.Arrivals same = seed -> arrivals.schedule(Trials.SEED);
    double seconds = effort.requests() / saturated;
    Plan steady = trials.plan(Workload.of(same, RequestKind.within(slo)), service, seconds);
    Workload.Arrivals flood = RandomArrivals.poisson(2 * saturated);
    Plan flooded = trials.plan(Workload.of(flood, RequestKind.within(slo)), service, seconds);
    double runs = 1 - (double) PAUSE_SLOS / PERIOD_SLOS;
    return new double[] {
      Trials.run(steady, ours).shareOnTime() - fluidShare(trials, steady),
      Trials.run(flooded, ours).goodput() / (runs * saturated)
    };
  }

  /** Of the requests of a plan with pauses: in the time that the machine runs, it has none. */
  private static double fluidShare(Trials trials, Plan plan) {
    long slo = trials.model().sloNanos();
    long from = Math.round(plan.warmUpSeconds() * 1e9);
    long to = from + Math.round(plan.seconds() * 1e9);
    ArrivalSchedule schedule = plan.workload().arrivals().schedule(plan.seed());
    List<SimRequest> requests = new ArrayList<>();
    for (long at = schedule.nextNanos(); at < to; at = schedule.nextNanos()) {
      if (at >= from) {
        long arrival = Simulation.START_NANOS + at;
        requests.add(new SimRequest(working(arrival, slo), working(arrival + slo, slo), 1, 0, 0));
      }
    }
    FluidBound bound =
        new FluidBound(trials.model().service(), trials.replicas(), Models.MAX_BATCH);
    return (double) bound.onTime(requests) / requests.size();
  }

  private static long working(long nanos, long slo) {
    return Disturbances.working(nanos, PERIOD_SLOS * slo, PAUSE_SLOS * slo);
  }
}
