// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.load.ArrivalSchedule;
import dev.millrace.loadtest.simulator.MillraceScheduler;
import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.RandomArrivals;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceModel;
import dev.millrace.loadtest.simulator.SimRequest;
import dev.millrace.loadtest.simulator.SimResult;
import dev.millrace.loadtest.simulator.Workload;
import dev.millrace.loadtest.simulator.baseline.OfflineOptimum;
import dev.millrace.loadtest.simulator.gates.Models.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One replica against what theory says of it. */
final class OptimumGates {
  /** Ten times the mean batch of the highest load: no batch is cut. */
  private static final int UNBOUNDED = 512;

  private final Scheduler.Factory ours;
  private final Effort effort;

  OptimumGates(Scheduler.Factory ours, Effort effort) {
    this.ours = ours;
    this.effort = effort;
  }

  List<Gate> all() {
    return List.of(poisson(), drifting(), eager());
  }

  private Gate poisson() {
    List<Double> loads = List.of(.7, .9, 1.2, 2.0);
    List<Double> targets = List.of(.99, .97, .95, .88);
    List<Claim> claims = new ArrayList<>();
    for (int i = 0; i < loads.size(); i++) {
      claims.add(Claim.atLeast(targets.get(i), "goodput, load " + loads.get(i)));
    }
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.gpuLike(), List.of(Models.RESNET))) {
      for (double load : loads) {
        Trials trials = new Trials(model, 1, effort);
        cells.add(
            new Cell(
                trials.name(load),
                () -> {
                  double share =
                      ofOptimum(
                          trials, RandomArrivals.poisson(load * trials.saturatedRate()), load);
                  return loads.stream().mapToDouble(l -> Cell.when(l == load, share)).toArray();
                }));
      }
    }
    return new Gate("G9", "goodput against the offline optimum, 1 replica, Poisson", claims, cells);
  }

  private Gate drifting() {
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.gpuLike(), List.of(Models.RESNET))) {
      for (double load : List.of(.5, .7, .9)) {
        Trials trials = new Trials(model, 1, effort);
        double epochSeconds = 40.0 * model.sloNanos() / 1e9;
        cells.add(
            new Cell(
                trials.name(load),
                () ->
                    new double[] {
                      ofOptimum(
                          trials,
                          RandomArrivals.drifting(load * trials.saturatedRate(), .3, epochSeconds),
                          load)
                    }));
      }
    }
    return new Gate(
        "G10",
        "the same with clustered arrivals whose rate drifts, load ≤ 0.9",
        List.of(Claim.atLeast(.95, "goodput")),
        cells);
  }

  /** On-time answers of ours, which has had as many requests to learn from, over the optimum's. */
  private double ofOptimum(Trials trials, Workload.Arrivals arrivals, double load) {
    // the optimum's time grows with the requests and with those it has to drop
    int requests = load > 1 ? 2500 : 8000;
    int seeds = effort.isFull() ? 6 : 2;
    long slo = trials.model().sloNanos();
    long length = Math.round(requests / (load * trials.saturatedRate()) * 1e9);
    long from = length + 2 * slo;
    long best = 0;
    long mine = 0;
    for (int i = 0; i < seeds; i++) {
      long seed = Trials.SEED + i;
      Workload.Arrivals rehearsed =
          other -> new Rehearsed(arrivals.schedule(other), length, arrivals.schedule(seed), from);
      Plan plan =
          new Plan(
              Workload.of(rehearsed, RequestKind.within(slo)),
              trials.model().service(),
              1,
              Models.MAX_BATCH,
              from / 1e9,
              length / 1e9,
              seed);
      mine += Trials.run(plan, ours).onTime();
      best +=
          OfflineOptimum.onTime(
              requests(arrivals.schedule(seed), length, slo),
              trials.model().service(),
              Models.MAX_BATCH);
    }
    return (double) mine / best;
  }

  private static List<SimRequest> requests(
      ArrivalSchedule schedule, long untilNanos, long sloNanos) {
    List<SimRequest> requests = new ArrayList<>();
    for (long at = schedule.nextNanos(); at < untilNanos; at = schedule.nextNanos()) {
      requests.add(new SimRequest(at, at + sloNanos, 1, 0, 0));
    }
    return requests;
  }

  /** Not ours but the simulator's own test: an eager batcher must be as fast as theory has it. */
  private Gate eager() {
    List<Cell> cells = new ArrayList<>();
    for (Model model : List.of(Models.RESNET, Models.BERT, Models.WEAK)) {
      for (double load : effort.pick(List.of(.05, .2, .5, .7, .8, .9), List.of(.2, .5, .9))) {
        ServiceModel service = model.service();
        double slope = service.nanos(0, 2) - service.nanos(0, 1);
        double intercept = service.nanos(0, 1) - slope;
        double rate = load / slope;
        // batches hang together over many others near saturation
        double seconds = (effort.isFull() ? 4e6 : 7e5) / (rate * 1e9);
        Plan plan =
            new Plan(
                Workload.of(RandomArrivals.poisson(rate * 1e9), RequestKind.within(Long.MAX_VALUE)),
                service,
                1,
                UNBOUNDED,
                seconds / 10,
                seconds,
                Trials.SEED);
        cells.add(
            new Cell(
                String.format(Locale.ROOT, "%s load %.2g of 1/β", model.name(), load),
                () -> {
                  SimResult result = Trials.run(plan, MillraceScheduler::greedy);
                  // at the rate that came about: a thousandth more is a percent of latency here
                  double ratio =
                      result.latency().meanNanos()
                          / Inoue.meanNanos(result.offeredRate() / 1e9, slope, intercept);
                  return new double[] {ratio, Cell.when(load >= .5, ratio)};
                }));
      }
    }
    return new Gate(
        "G15",
        "mean latency of eager batching against Inoue's bound, 1 replica",
        List.of(
            Claim.atMost(1.001, "mean, a thousandth for chance"),
            Claim.atLeast(.95, "mean, load ≥ 0.5")),
        cells);
  }
}
