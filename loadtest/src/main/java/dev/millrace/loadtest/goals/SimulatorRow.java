// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.simulator.SimResult;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Row 6 of the scheduler: whether the simulator foretells what the gateway does: the same arrivals,
 * on the curves that the gateway has learned by the end of a turn.
 */
final class SimulatorRow implements RowProgram {
  private static final Goal GOODPUT = Goal.atMost(5);
  private static final Goal TAIL = Goal.atMost(20);
  private static final double DEADLINE_BATCHES = 5;
  private static final List<Double> FACTORS = List.of(0.7, 2.0);

  private final Stage stage;
  private final PolicyGateway gateway;
  private final String model;

  SimulatorRow(Stage stage, PolicyGateway gateway, String model) {
    this.stage = stage;
    this.gateway = gateway;
    this.model = model;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Workload workload = gateway.workload(model, Policy.AUTO);
    Capacity capacity = gateway.capacity(model, Policy.AUTO, workload);
    long deadlineNanos = capacity.deadlineNanos(DEADLINE_BATCHES);
    try (Subject subject = gateway.connect(workload, deadlineNanos)) {
      gateway.warmUpRefusals(subject, capacity);
      List<Contestant<Served>> loads = new ArrayList<>();
      for (double factor : FACTORS) {
        loads.add(
            gateway.contestant(name(factor), model, Policy.AUTO, subject, load(capacity, factor)));
      }
      Rounds rounds =
          Rounds.play(
              "simulator",
              stage.effort().rounds(),
              List.copyOf(loads),
              stage.stop(),
              stage.observer());
      List<Figure> figures = new ArrayList<>();
      for (int i = 0; i < loads.size(); i++) {
        figures.addAll(
            compared(rounds, loads.get(i), load(capacity, FACTORS.get(i)), deadlineNanos));
      }
      figures.add(Figure.stated("peak, closed loop", Unit.PER_SECOND, capacity.peak()));
      figures.add(Figure.stated("deadline", Unit.MICROS, deadlineNanos / 1e3));
      return new RowResult(
          6, "the simulator beside the gateway, same arrivals", figures, List.of(), List.of());
    }
  }

  private static String name(double factor) {
    return String.format(Locale.ROOT, "%s × the peak", factor);
  }

  private static OpenLoad load(Capacity capacity, double factor) {
    return new OpenLoad(factor * capacity.peak());
  }

  private List<Figure> compared(
      Rounds rounds, Contestant<Served> real, OpenLoad load, long deadlineNanos)
      throws IOException {
    List<SimResult> simulated = new ArrayList<>();
    for (Served served : real.turns()) {
      Rehearsal rehearsal = Rehearsal.of(served.learned(), 1, stage.effort().windowNanos());
      simulated.add(rehearsal.replay(load.arrivals(), deadlineNanos));
    }
    List<Double> goodput =
        rounds.each(i -> 100 * (simulated.get(i).goodput() / real.turn(i).goodput() - 1));
    List<Double> tail =
        rounds.each(
            i ->
                100
                    * (simulated.get(i).latency().percentileNanos(99)
                            / 1e3
                            / real.turn(i).turn().micros(99)
                        - 1));
    String at = ", at " + real.name();
    return List.of(
        Figure.of("goodput, off by" + at, Unit.PERCENT, absolute(goodput), GOODPUT),
        Figure.of("p99, off by" + at, Unit.PERCENT, absolute(tail), TAIL),
        Figure.stated("goodput, simulated above real" + at, Unit.PERCENT, goodput),
        Figure.stated("p99, simulated above real" + at, Unit.PERCENT, tail),
        Figure.stated("goodput, real" + at, Unit.PER_SECOND, real.each(Served::goodput)),
        Figure.stated(
            "goodput, simulated" + at,
            Unit.PER_SECOND,
            simulated.stream().map(SimResult::goodput).toList()),
        Figure.stated("p99, real" + at, Unit.MICROS, real.each(s -> s.turn().micros(99))),
        Figure.stated(
            "p99, simulated" + at,
            Unit.MICROS,
            simulated.stream().map(s -> s.latency().percentileNanos(99) / 1e3).toList()),
        Figure.stated(
            "run times vary by" + at,
            Unit.PERCENT,
            real.each(s -> 100 * s.learned().longest().variation())));
  }

  private static List<Double> absolute(List<Double> values) {
    return values.stream().map(Math::abs).toList();
  }
}
