// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.Plan;
import dev.millrace.loadtest.simulator.Scheduler;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Ours beside the baselines on one model, for plots.
 *
 * @param x what is varied
 * @param series by name, a value for each of x
 */
public record Comparison(String model, List<Double> x, Map<String, List<Double>> series) {
  private static final List<Double> LOADS =
      List.of(.2, .4, .6, .7, .8, .9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5);
  private static final int PLOTTED_REPLICAS = 8;

  /** Goodput over offered load, both as shares of the saturated rate, on 8 replicas. */
  public static Comparison goodput(Scheduler.Factory ours, Effort effort) {
    Trials trials = new Trials(Models.RESNET, PLOTTED_REPLICAS, effort);
    double saturated = trials.saturatedRate();
    Map<String, List<Double>> series = new LinkedHashMap<>();
    contestants(ours)
        .forEach(
            (name, factory) ->
                series.put(
                    name, each(LOADS, load -> goodput(trials.timely(load * saturated), factory))));
    series.put(
        "Triton, best of 30",
        each(
            LOADS,
            load ->
                trials.grids(trials.model().sloNanos()).measured().stream()
                    .mapToDouble(factory -> goodput(trials.timely(load * saturated), factory))
                    .max()
                    .orElseThrow()));
    series.replaceAll((name, values) -> values.stream().map(v -> v / saturated).toList());
    return new Comparison("resnet, 8 replicas", LOADS, series);
  }

  /** Capacity at 99 % on time over replicas, as a share of the saturated rate. */
  public static Comparison capacity(Scheduler.Factory ours, Effort effort) {
    List<Double> replicas = Trials.REPLICAS.stream().map(Integer::doubleValue).toList();
    Map<String, List<Double>> series = new LinkedHashMap<>();
    contestants(ours)
        .forEach(
            (name, factory) ->
                series.put(
                    name,
                    each(
                        replicas,
                        n -> {
                          Trials trials = new Trials(Models.RESNET, (int) n.doubleValue(), effort);
                          return trials.find(trials.capacity(), factory) / trials.saturatedRate();
                        })));
    series.put(
        "Triton, best of 30",
        each(
            replicas,
            n -> {
              Trials trials = new Trials(Models.RESNET, (int) n.doubleValue(), effort);
              Grids grids = trials.grids(trials.model().sloNanos());
              return trials.best(trials.capacity(), grids.measured()) / trials.saturatedRate();
            }));
    return new Comparison("resnet", replicas, series);
  }

  private static Map<String, Scheduler.Factory> contestants(Scheduler.Factory ours) {
    Map<String, Scheduler.Factory> contestants = new LinkedHashMap<>();
    contestants.put("Millrace", ours);
    contestants.put("Triton", Rivals.TRITON);
    contestants.put("Symphony", Rivals.SYMPHONY);
    contestants.put("no batching", Rivals.NO_BATCHING);
    return contestants;
  }

  private static double goodput(Plan plan, Scheduler.Factory factory) {
    return Trials.run(plan, factory).goodput();
  }

  private static List<Double> each(List<Double> x, ToDoubleFunction<Double> y) {
    List<Double> values = new ArrayList<>();
    x.forEach(at -> values.add(y.applyAsDouble(at)));
    return values;
  }
}
