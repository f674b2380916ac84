// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.Capacity;
import dev.millrace.loadtest.simulator.Clients;
import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.RandomArrivals;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.Workload;
import dev.millrace.loadtest.simulator.gates.Models.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Above saturation, after it, and before anything has been learnt. */
final class OverloadGates {
  /** What a cold start may take to learn, in batches. */
  private static final int BATCHES_TO_LEARN = 200;

  private final Scheduler.Factory ours;
  private final Effort effort;

  OverloadGates(Scheduler.Factory ours, Effort effort) {
    this.ours = ours;
    this.effort = effort;
  }

  List<Gate> all() {
    return List.of(goodput(), recovery(), cold());
  }

  private Gate goodput() {
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.all(), List.of(Models.RESNET, Models.TABULAR))) {
      for (int replicas : effort.pick(Trials.REPLICAS, List.of(1, 8))) {
        Trials trials = new Trials(model, replicas, effort);
        cells.add(
            new Cell(trials.name(), () -> new double[] {goodput(trials, 2), goodput(trials, 4)}));
      }
    }
    return new Gate(
        "G8",
        "goodput in overload, as a share of the saturated rate",
        List.of(Claim.atLeast(.97, "at 2×"), Claim.atLeast(.97, "at 4×")),
        cells);
  }

  private double goodput(Trials trials, double load) {
    double saturated = trials.saturatedRate();
    return Trials.run(trials.timely(load * saturated), ours).goodput() / saturated;
  }

  private Gate recovery() {
    List<Cell> cells = new ArrayList<>();
    for (int replicas : effort.pick(List.of(1, 4, 8), List.of(4))) {
      Trials trials = new Trials(Models.RESNET, replicas, effort);
      Recovery recovery = new Recovery(trials, Clients.ONCE, effort.isFull() ? 30 : 5);
      cells.add(new Cell(trials.name(), () -> new double[] {recovery.slos(ours)}));
    }
    return new Gate(
        "G16",
        "after an overload of 2×, load 0.7: until p99 is within 1.2 of steady again",
        List.of(Claim.atMost(2, "time in SLOs")),
        cells);
  }

  private Gate cold() {
    List<Cell> cells = new ArrayList<>();
    for (Model model : effort.pick(Models.gpuLike(), List.of(Models.RESNET))) {
      for (int replicas : effort.pick(List.of(1, 4, 8), List.of(1, 4))) {
        Trials trials = new Trials(model, replicas, effort);
        cells.add(
            new Cell(
                trials.name(),
                () -> {
                  double cold = trials.find(afterLearning(trials, 0), ours);
                  double warm = trials.find(afterLearning(trials, 20 * BATCHES_TO_LEARN), ours);
                  return new double[] {Trials.ratio(cold, warm)};
                }));
      }
    }
    return new Gate(
        "G17",
        "capacity after 200 batches from a cold start against that after 4000 more",
        List.of(Claim.atLeast(.97, "capacity")),
        cells);
  }

  /**
   * Capacity in the 1000 batches that follow the first 200, of many short runs; the same requests
   * whatever has been learnt before them.
   *
   * @param rehearsed batches before those 200
   */
  private Capacity afterLearning(Trials trials, int rehearsed) {
    Model model = trials.model();
    int rows =
        Capacity.feasibleRows(
            model.service(), trials.replicas(), Models.MAX_BATCH, model.sloNanos());
    double secondsPerBatch = model.service().nanos(0, rows) / 1e9 / trials.replicas();
    long until = Math.round(rehearsed * secondsPerBatch * 1e9);
    long from = rehearsed == 0 ? 0 : until + 2 * model.sloNanos();
    int seeds = effort.isFull() ? 8 : 4;
    return new Capacity(
        rate -> {
          Workload.Arrivals arrivals = RandomArrivals.poisson(rate);
          Workload workload =
              Workload.of(
                  seed ->
                      new Rehearsed(arrivals.schedule(~seed), until, arrivals.schedule(seed), from),
                  RequestKind.within(model.sloNanos()));
          return IntStream.range(0, seeds)
              .mapToObj(
                  i ->
                      new Plan(
                          workload,
                          model.service(),
                          trials.replicas(),
                          Models.MAX_BATCH,
                          from / 1e9 + BATCHES_TO_LEARN * secondsPerBatch,
                          1000 * secondsPerBatch,
                          Trials.SEED + i))
              .toList();
        },
        0.99);
  }
}
