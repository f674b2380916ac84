// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.Capacity;
import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.RandomArrivals;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.SimResult;
import dev.millrace.loadtest.simulator.Workload;
import dev.millrace.loadtest.simulator.gates.Models.Model;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Requests that are not alike, and a load that is not the same all day. */
final class TrafficGates {
  /** How many times its fair share the large one of two tenants asks for. */
  private static final double GREED = 4;

  private static final int MOST_ROWS = 8;

  private final Scheduler.Factory ours;
  private final Effort effort;

  TrafficGates(Scheduler.Factory ours, Effort effort) {
    this.ours = ours;
    this.effort = effort;
  }

  List<Gate> all() {
    return List.of(tenants(), days(), rows());
  }

  private Gate tenants() {
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.gpuLike(), List.of(Models.RESNET))) {
      for (int replicas : effort.pick(Trials.REPLICAS, List.of(4))) {
        Trials trials = new Trials(model, replicas, effort);
        cells.add(new Cell(trials.name(), () -> besideGreed(trials)));
      }
    }
    return new Gate(
        "G18",
        "two tenants, one asks for 4 times its fair share, one for just its own",
        List.of(
            Claim.atLeast(.95, "the modest one's goodput, of what it has alone"),
            Claim.atLeast(.97, "goodput of both, as a share of the saturated rate")),
        cells);
  }

  private double[] besideGreed(Trials trials) {
    RequestKind kind = RequestKind.within(trials.model().sloNanos());
    RequestKind greedy = kind.ofTenant(0).weighing(GREED);
    RequestKind modest = kind.ofTenant(1);
    double saturated = trials.saturatedRate();
    double fair = saturated / 2;
    SimResult both =
        Trials.run(
            trials.plan(RandomArrivals.poisson((GREED + 1) * fair), List.of(greedy, modest)), ours);
    SimResult alone = Trials.run(trials.plan(RandomArrivals.poisson(fair), List.of(modest)), ours);
    return new double[] {both.shareOnTime(1) / alone.shareOnTime(), both.goodput() / saturated};
  }

  /** A setting that suits the night does not suit the day. */
  private Gate days() {
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.gpuLike(), List.of(Models.RESNET))) {
      for (int replicas : effort.pick(List.of(1, 8), List.of(8))) {
        Trials trials = new Trials(model, replicas, effort);
        cells.add(new Cell(trials.name(), () -> overDays(trials)));
      }
    }
    List<Claim> claims = new ArrayList<>(Grids.claims(1, 1, 1));
    claims.add(Claim.atMost(1.06, "p99 against Triton with most goodput"));
    claims.add(Claim.atMost(1.02, "p50 against the same"));
    return new Gate(
        "G20",
        "days from a tenth to 1.1 of the saturated rate: goodput against the best settings",
        claims,
        cells);
  }

  private double[] overDays(Trials trials) {
    // the warm-up is the first of five days
    double seconds = effort.requests() / trials.saturatedRate();
    Plan plan =
        trials.plan(
            Workload.of(
                RandomArrivals.diurnal(trials.saturatedRate(), seconds / 4, 5),
                RequestKind.within(trials.model().sloNanos())),
            trials.model().service(),
            seconds);
    SimResult mine = Trials.run(plan, ours);
    Grids grids = trials.grids(trials.model().sloNanos());
    double[] goodput = grids.ratios(mine.goodput(), grid -> best(plan, grid).goodput());
    SimResult triton =
        best(plan, Stream.concat(grids.round().stream(), grids.measured().stream()).toList());
    return new double[] {
      goodput[0],
      goodput[1],
      goodput[2],
      percentile(mine, 99) / percentile(triton, 99),
      percentile(mine, 50) / percentile(triton, 50)
    };
  }

  private static SimResult best(Plan plan, List<Scheduler.Factory> factories) {
    return factories.stream()
        .map(factory -> Trials.run(plan, factory))
        .max(Comparator.comparingDouble(SimResult::goodput))
        .orElseThrow();
  }

  private static double percentile(SimResult result, double percent) {
    return result.latency().percentileNanos(percent);
  }

  private Gate rows() {
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.gpuLike(), List.of(Models.RESNET))) {
      for (int replicas : effort.pick(Trials.REPLICAS, List.of(8))) {
        Trials trials = new Trials(model, replicas, effort);
        cells.add(new Cell(trials.name(), () -> severalRows(trials)));
      }
    }
    List<Claim> claims = new ArrayList<>(Grids.claims(1, 1, 1));
    claims.add(Claim.atLeast(1, "rows in time at 2×, against round settings"));
    claims.add(Claim.atLeast(1, "rows in time at 2×, against the true curve's"));
    claims.add(Claim.atLeast(1, "rows in time at 2×, against TensorFlow Serving"));
    return new Gate(
        "G22",
        "requests of 1 to 8 rows, small ones more often: capacity against the best settings",
        claims,
        cells);
  }

  /**
   * As many rows come in requests of each size, so that what is answered can be counted in rows.
   */
  private double[] severalRows(Trials trials) {
    List<RequestKind> kinds =
        IntStream.rangeClosed(1, MOST_ROWS)
            .mapToObj(
                rows ->
                    RequestKind.within(trials.model().sloNanos())
                        .weighing(1.0 / rows)
                        .of(random -> rows))
            .toList();
    double meanRows = MOST_ROWS / kinds.stream().mapToDouble(RequestKind::weight).sum();
    Capacity capacity =
        trials.capacity(
            rate -> RandomArrivals.poisson(rate / meanRows), kinds, trials.model().service());
    double[] capacities = trials.againstTuned(capacity, ours);
    Plan flood = trials.plan(RandomArrivals.poisson(2 * trials.saturatedRate() / meanRows), kinds);
    Grids grids = trials.grids(trials.model().sloNanos());
    double[] rows =
        grids.ratios(
            rows(flood, ours),
            grid -> grid.stream().mapToDouble(one -> rows(flood, one)).max().orElseThrow());
    return new double[] {capacities[0], capacities[1], capacities[2], rows[0], rows[1], rows[2]};
  }

  /** In time, a second; kinds are requests of 1, 2 and so on rows. */
  private static double rows(Plan plan, Scheduler.Factory factory) {
    SimResult result = Trials.run(plan, factory);
    return IntStream.range(0, MOST_ROWS).mapToDouble(i -> (i + 1) * result.goodput(i)).sum();
  }
}
