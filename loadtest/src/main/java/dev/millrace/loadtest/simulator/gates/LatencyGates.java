// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.SimResult;
import dev.millrace.loadtest.simulator.gates.Models.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;

/** Below saturation and without deadlines: that batching costs nobody their latency. */
final class LatencyGates {
  // a comparison of means, or of percentiles, that is exact in theory
  private static final double EQUAL = 1.001;

  private final Scheduler.Factory ours;
  private final Effort effort;

  LatencyGates(Scheduler.Factory ours, Effort effort) {
    this.ours = ours;
    this.effort = effort;
  }

  List<Gate> all() {
    return List.of(noBatching(), steady(), bursty(), staggered(), neutral(), idle());
  }

  /** Ratio of ours to another's. */
  private record Ratios(double mean, double p50, double p99) {}

  private Ratios against(Scheduler.Factory other, Plan plan) {
    SimResult mine = Trials.run(plan, ours);
    SimResult theirs = Trials.run(plan, other);
    return new Ratios(
        mine.latency().meanNanos() / theirs.latency().meanNanos(),
        percentile(mine, 50) / percentile(theirs, 50),
        percentile(mine, 99) / percentile(theirs, 99));
  }

  private static double percentile(SimResult result, double percent) {
    return result.latency().percentileNanos(percent);
  }

  /** Its load is that of no batching: how long replicas would be busy with single requests. */
  private Gate noBatching() {
    List<Claim> claims =
        List.of(
            Claim.atMost(1.005, "mean, utilisation ≤ 20 %"),
            Claim.atMost(1.02, "mean, utilisation ≤ 50 %"),
            Claim.atMost(1.05, "p99, utilisation ≤ 20 %"),
            Claim.atMost(1.35, "p99, utilisation ≤ 50 %"));
    List<Cell> cells = new ArrayList<>();
    for (Trials trials : trials(Models.all(), Trials.REPLICAS, List.of(1, 4))) {
      for (double utilisation : effort.pick(List.of(.1, .2, .3, .5), List.of(.2, .5))) {
        double rate = utilisation * trials.replicas() * 1e9 / trials.model().service().nanos(0, 1);
        cells.add(
            new Cell(
                trials.name() + String.format(Locale.ROOT, " utilisation %.1f", utilisation),
                () -> {
                  Ratios ratios = against(Rivals.NO_BATCHING, trials.steady(rate));
                  boolean low = utilisation <= .2;
                  return new double[] {
                    Cell.when(low, ratios.mean()),
                    ratios.mean(),
                    Cell.when(low, ratios.p99()),
                    ratios.p99()
                  };
                }));
      }
    }
    return new Gate("G1", "latency against no batching, light load", claims, cells);
  }

  private Gate steady() {
    return new Gate(
        "G2",
        "latency against Triton's default, Poisson, load ≤ 0.9",
        List.of(Claim.atMost(1.03, "mean"), Claim.atMost(1.06, "p99")),
        againstTriton(
            trials(Models.all(), Trials.REPLICAS, List.of(1, 4, 8)),
            effort.pick(List.of(.05, .1, .3, .5, .7, .9), List.of(.1, .5, .9)),
            Trials::steady));
  }

  private Gate bursty() {
    List<Cell> cells = new ArrayList<>();
    for (double factor : effort.pick(List.of(1.5, 2.0, 3.0), List.of(2.0))) {
      againstTriton(
              trials(Models.all(), Trials.REPLICAS, List.of(1, 4)),
              effort.pick(List.of(.1, .3, .5, .7), List.of(.3, .7)),
              (trials, rate) -> trials.bursty(rate, factor))
          .forEach(
              cell ->
                  cells.add(
                      new Cell(
                          cell.name() + String.format(Locale.ROOT, " bursts ×%.1f", factor),
                          cell.measure())));
    }
    return new Gate(
        "G3",
        "latency against Triton's default, bursts, load ≤ 0.7",
        List.of(Claim.atMost(1.06, "mean"), Claim.atMost(1.15, "p99")),
        cells);
  }

  private Gate staggered() {
    return new Gate(
        "G4",
        "latency against Triton's default, 8 replicas, gain ≥ 4, load 0.3–0.6",
        List.of(Claim.atMost(.87, "mean"), Claim.atMost(.82, "p99")),
        againstTriton(
            trials(Models.gpuLike(), List.of(8), List.of(8)),
            List.of(.3, .45, .6),
            Trials::steady));
  }

  private List<Cell> againstTriton(
      List<Trials> all, List<Double> loads, BiFunction<Trials, Double, Plan> plan) {
    List<Cell> cells = new ArrayList<>();
    for (Trials trials : all) {
      for (double load : loads) {
        cells.add(
            new Cell(
                trials.name(load),
                () -> {
                  Ratios ratios =
                      against(Rivals.TRITON, plan.apply(trials, load * trials.saturatedRate()));
                  return new double[] {ratios.mean(), ratios.p99()};
                }));
      }
    }
    return cells;
  }

  private Gate neutral() {
    Trials trials = new Trials(Models.CNN, 8, effort);
    Cell cell =
        new Cell(
            trials.name(.7),
            () -> {
              Plan plan = trials.steady(.7 * trials.saturatedRate());
              return new double[] {
                against(Rivals.TRITON, plan).p99(), against(Rivals.NO_BATCHING, plan).p99()
              };
            });
    return new Gate(
        "G5",
        "a model that gains nothing from batching, 8 replicas, load 0.7",
        List.of(
            Claim.atMost(.4, "p99 against Triton's default"),
            Claim.atMost(EQUAL, "p99 against no batching")),
        List.of(cell));
  }

  private Gate idle() {
    List<Cell> cells = new ArrayList<>();
    for (Trials trials : trials(Models.all(), Trials.REPLICAS, List.of(1, 8))) {
      cells.add(
          new Cell(
              trials.name(.3),
              () ->
                  new double[] {
                    against(Rivals.TRITON, trials.timely(.3 * trials.saturatedRate())).p50()
                  }));
    }
    return new Gate(
        "G14",
        "latency against an eager batcher, load 0.3, with deadlines",
        List.of(Claim.atMost(1.02, "p50")),
        cells);
  }

  private List<Trials> trials(List<Model> models, List<Integer> all, List<Integer> some) {
    List<Trials> trials = new ArrayList<>();
    for (Model model : models) {
      for (int replicas : effort.pick(all, some)) {
        trials.add(new Trials(model, replicas, effort));
      }
    }
    return trials;
  }
}
