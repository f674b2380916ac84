// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.Capacity;
import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.RandomArrivals;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceModel;
import dev.millrace.loadtest.simulator.SimResult;
import dev.millrace.loadtest.simulator.Simulation;
import dev.millrace.loadtest.simulator.Workload;
import dev.millrace.loadtest.simulator.gates.Models.Model;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/** What the gates have in common: a model on some replicas, under loads and for lengths of time. */
record Trials(Model model, int replicas, Effort effort) {
  /** The same in every cell: nothing is to be gained by looking for a kind one. */
  static final long SEED = 20_261_127;

  /** A part of the measured time comes before it, so that whoever learns has learnt. */
  private static final double WARM_UP = 0.25;

  static final List<Integer> REPLICAS = List.of(1, 2, 4, 8);

  String name() {
    return model.name() + " n=" + replicas;
  }

  String name(double load) {
    return String.format(Locale.ROOT, "%s load %.2g", name(), load);
  }

  /** The saturated rate: load 1. */
  double saturatedRate() {
    return Capacity.saturatedRate(model.service(), replicas, Models.MAX_BATCH, model.sloNanos());
  }

  /** Poisson, without deadlines: what an idle service does with latency. */
  Plan steady(double rate) {
    return plan(RandomArrivals.poisson(rate), RequestKind.within(Long.MAX_VALUE), rate);
  }

  /** Bursts of 8 SLOs every 40, without deadlines. */
  Plan bursty(double rate, double factor) {
    return plan(bursts(rate, factor), RequestKind.within(Long.MAX_VALUE), rate);
  }

  /** Poisson, with deadlines. */
  Plan timely(double rate) {
    return plan(RandomArrivals.poisson(rate), RequestKind.within(model.sloNanos()), rate);
  }

  Workload.Arrivals bursts(double rate, double factor) {
    double slo = model.sloNanos() / 1e9;
    return RandomArrivals.bursts(rate, factor, 8 * slo, 32 * slo);
  }

  private Plan plan(Workload.Arrivals arrivals, RequestKind kind, double rate) {
    return plan(Workload.of(arrivals, kind), model.service(), effort.requests() / rate);
  }

  /** The model's own service, for as long as so many requests take at the saturated rate. */
  Plan plan(Workload.Arrivals arrivals, List<RequestKind> kinds) {
    return plan(Workload.of(arrivals, kinds), model.service(), effort.requests() / saturatedRate());
  }

  /** A quarter of that time is added before it, for warming up. */
  Plan plan(Workload workload, ServiceModel service, double seconds) {
    return new Plan(
        workload, service, replicas, Models.MAX_BATCH, WARM_UP * seconds, seconds, SEED);
  }

  static SimResult run(Plan plan, Scheduler.Factory factory) {
    return Simulation.run(plan, factory);
  }

  /** The rate with 99 % on time of Poisson arrivals of the model's own kind. */
  Capacity capacity() {
    return capacity(RandomArrivals::poisson);
  }

  Capacity capacity(DoubleFunction<Workload.Arrivals> arrivals) {
    return capacity(arrivals, List.of(RequestKind.within(model.sloNanos())), model.service());
  }

  Capacity capacity(
      DoubleFunction<Workload.Arrivals> arrivals, List<RequestKind> kinds, ServiceModel service) {
    double seconds = effort.capacityRequests() / saturatedRate();
    return new Capacity(
        rate -> List.of(plan(Workload.of(arrivals.apply(rate), kinds), service, seconds)), 0.99);
  }

  /** Of two capacities, of which either may be nothing. */
  static double ratio(double ours, double theirs) {
    return ours == theirs ? 1 : ours / theirs;
  }

  double find(Capacity capacity, Scheduler.Factory factory) {
    return capacity.find(saturatedRate(), effort.tolerance(), factory);
  }

  Grids grids(Long... slosNanos) {
    return Grids.of(model.service(), replicas, Models.MAX_BATCH, slosNanos);
  }

  /**
   * Our capacity over the best of each grid.
   *
   * @param slosNanos the deadlines that settings are made for; the model's own if there are none
   */
  double[] againstTuned(Capacity capacity, Scheduler.Factory ours, Long... slosNanos) {
    Grids grids = slosNanos.length == 0 ? grids(model.sloNanos()) : grids(slosNanos);
    return grids.ratios(find(capacity, ours), grid -> best(capacity, grid));
  }

  double best(Capacity capacity, List<Scheduler.Factory> factories) {
    return capacity.best(saturatedRate(), effort.tolerance(), factories);
  }
}
