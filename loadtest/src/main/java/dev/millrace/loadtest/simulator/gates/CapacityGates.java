// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.Capacity;
import dev.millrace.loadtest.simulator.Disturbances;
import dev.millrace.loadtest.simulator.RandomArrivals;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceModel;
import dev.millrace.loadtest.simulator.gates.Models.Model;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/** How many requests a second are served with 99 % on time. */
final class CapacityGates {
  private static final long MS = 1_000_000;

  private final Scheduler.Factory ours;
  private final Effort effort;

  CapacityGates(Scheduler.Factory ours, Effort effort) {
    this.ours = ours;
    this.effort = effort;
  }

  List<Gate> all() {
    return List.of(againstDefault(), againstTuned(), mixedDeadlines(), shapes(), noisy());
  }

  private Gate againstDefault() {
    List<Double> targets = List.of(1.05, 1.2, 1.4, 1.75);
    List<Claim> claims = new ArrayList<>();
    for (int i = 0; i < targets.size(); i++) {
      claims.add(Claim.atLeast(targets.get(i), "capacity, n = " + Trials.REPLICAS.get(i)));
    }
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.gpuLike(), List.of(Models.RESNET, Models.BERT))) {
      for (int replicas : Trials.REPLICAS) {
        Trials trials = new Trials(model, replicas, effort);
        cells.add(
            new Cell(
                trials.name(),
                () -> {
                  Capacity capacity = trials.capacity();
                  double ratio =
                      Trials.ratio(
                          trials.find(capacity, ours), trials.find(capacity, Rivals.TRITON));
                  return Trials.REPLICAS.stream()
                      .mapToDouble(n -> Cell.when(n == replicas, ratio))
                      .toArray();
                }));
      }
    }
    return new Gate("G6", "capacity against Triton's default, Poisson", claims, cells);
  }

  private Gate againstTuned() {
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.all(), List.of(Models.RESNET, Models.WEAK))) {
      for (int replicas : effort.pick(Trials.REPLICAS, List.of(1, 8))) {
        Trials trials = new Trials(model, replicas, effort);
        boolean counts = Models.gpuLike().contains(model) && replicas >= 4;
        cells.add(
            new Cell(
                trials.name() + " Poisson",
                () -> {
                  double[] tuned = trials.againstTuned(trials.capacity(), ours);
                  return and(tuned, Cell.when(counts, tuned[0]));
                }));
        Capacity bursts = trials.capacity(rate -> trials.bursts(rate, 2));
        cells.add(
            new Cell(
                trials.name() + " bursts ×2",
                () -> and(trials.againstTuned(bursts, ours), Cell.NONE)));
      }
    }
    List<Claim> claims = new ArrayList<>(Grids.claims(1, 1, 1));
    claims.add(Claim.atLeast(1.15, "round settings, GPU-like, Poisson, n ≥ 4"));
    return new Gate(
        "G7",
        "capacity against the best of 30 settings of Triton and of TensorFlow Serving in each cell",
        claims,
        cells);
  }

  private static double[] and(double[] values, double another) {
    return DoubleStream.concat(Arrays.stream(values), DoubleStream.of(another)).toArray();
  }

  private Gate mixedDeadlines() {
    List<RequestKind> kinds = List.of(RequestKind.within(15 * MS), RequestKind.within(75 * MS));
    List<Cell> cells = new ArrayList<>();
    for (int replicas : effort.pick(List.of(2, 4, 8), List.of(2, 8))) {
      Trials trials = new Trials(Models.RESNET, replicas, effort);
      Capacity capacity = trials.capacity(RandomArrivals::poisson, kinds, Models.RESNET.service());
      cells.add(
          new Cell(
              trials.name(), () -> trials.againstTuned(capacity, ours, 15 * MS, 25 * MS, 75 * MS)));
    }
    return new Gate(
        "G11",
        "deadlines of 15 and 75 ms by halves: capacity against the best settings",
        Grids.claims(1.6, 1, 1),
        cells);
  }

  /** Four lengths of text: the same cost of a run, and rows that cost as much as they are long. */
  private Gate shapes() {
    List<RequestKind> kinds = new ArrayList<>();
    for (int shape = 0; shape < 4; shape++) {
      kinds.add(RequestKind.within(25 * MS).ofShape(shape));
    }
    ServiceModel service = (shape, rows) -> Math.round(4.0 * MS + 0.1 * MS * (1 << shape) * rows);
    Model text = new Model("text", service, 25 * MS);
    Trials trials = new Trials(text, 4, effort);
    Capacity capacity = trials.capacity(RandomArrivals::poisson, kinds, service);
    return new Gate(
        "G12",
        "four shapes, 4 replicas, against Triton, whose batches end at another shape",
        List.of(Claim.atLeast(3, "capacity")),
        List.of(
            new Cell(
                trials.name(),
                () ->
                    new double[] {
                      Trials.ratio(
                          trials.find(capacity, ours), trials.find(capacity, Rivals.TRITON))
                    })));
  }

  private Gate noisy() {
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.gpuLike(), List.of(Models.RESNET))) {
      Trials trials = new Trials(model, 4, effort);
      Capacity capacity =
          trials.capacity(
              RandomArrivals::poisson,
              List.of(RequestKind.within(model.sloNanos())),
              Disturbances.noise(model.service(), .1));
      cells.add(new Cell(trials.name(), () -> trials.againstTuned(capacity, ours)));
    }
    return new Gate(
        "G13",
        "run times that vary by 10 %, 4 replicas: capacity against the best settings",
        Grids.claims(1.1, 1, 1),
        cells);
  }
}
