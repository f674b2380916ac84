// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Row 1 of the scheduler: right answers in time with more load than can be borne, against the most
 * at any load; and how soon the others are told.
 */
final class OverloadRow implements RowProgram {
  private static final Goal GOODPUT = Goal.atLeast(0.95);
  private static final Goal REFUSAL_MICROS = Goal.atMost(2000);

  /** Of the peak; the last two are those that count. */
  private static final double[] FACTORS = {0.8, 1, 1.25, 1.5, 2, 4};

  private static final int DEADLINE_BATCHES = 5;
  private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(700);

  private final Stage stage;
  private final PolicyGateway gateway;

  OverloadRow(Stage stage, PolicyGateway gateway) {
    this.stage = stage;
    this.gateway = gateway;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    String model = BenchmarkModels.WIDE;
    Workload workload = gateway.workload(model, Policy.AUTO);
    Load load = Load.HALF;
    try (Subject closed =
        Subject.connect(gateway.server(), workload, load.connections(), stage.stop())) {
      stage.warmUp(closed, load);
      stage.observer().phase("the peak");
      double peak = closed.turn(load.shape(), 2 * stage.effort().windowNanos()).rate();
      Learned learned = gateway.learned(model, Policy.AUTO);
      long deadlineNanos = (long) (DEADLINE_BATCHES * learned.longest().bestMicros() * 1e3);
      try (Subject open =
          Subject.connect(
              gateway.server(), workload, load.connections(), deadlineNanos, stage.stop())) {
        return measure(closed, open, peak, deadlineNanos, learned);
      }
    }
  }

  private RowResult measure(
      Subject closed, Subject open, double peak, long deadlineNanos, Learned learned)
      throws IOException, InterruptedException, Ended {
    Contestant<Turn> unhurried = stage.contestant(closed, Load.HALF);
    List<Contestant<?>> all = new ArrayList<>(List.of(unhurried));
    List<Contestant<Turn>> loads = new ArrayList<>();
    for (double factor : FACTORS) {
      OpenLoad load = new OpenLoad(factor * peak);
      Contestant<Turn> contestant =
          new Contestant<>(
              String.format(Locale.ROOT, "%s × the peak", factor),
              () -> open.turn(load.shape(), SETTLE_NANOS, stage.effort().windowNanos()));
      loads.add(contestant);
      all.add(contestant);
    }
    Rounds rounds =
        Rounds.play("overload", stage.effort().rounds(), all, stage.stop(), stage.observer());
    Contestant<Turn> best = loads.getFirst();
    for (Contestant<Turn> candidate : loads) {
      if (medianGoodput(candidate) > medianGoodput(best)) {
        best = candidate;
      }
    }
    return result(rounds, unhurried, loads, best, peak, deadlineNanos, learned);
  }

  private static double medianGoodput(Contestant<Turn> contestant) {
    return Figure.stated("", Unit.PER_SECOND, contestant.each(Turn::goodput)).spread().median();
  }

  private RowResult result(
      Rounds rounds,
      Contestant<Turn> unhurried,
      List<Contestant<Turn>> loads,
      Contestant<Turn> best,
      double peak,
      long deadlineNanos,
      Learned before)
      throws IOException, InterruptedException {
    List<Figure> figures = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    for (Contestant<Turn> load : loads.subList(loads.size() - 2, loads.size())) {
      figures.add(
          Figure.of(
              "goodput at %s / best, at %s".formatted(load.name(), best.name()),
              Unit.RATIO,
              rounds.each(i -> load.turn(i).goodput() / best.turn(i).goodput()),
              GOODPUT));
      figures.add(
          Figure.of(
              "p99 to a refusal, at " + load.name(),
              Unit.MICROS,
              load.each(turn -> turn.microsToRefusal(99)),
              REFUSAL_MICROS));
      figures.add(
          Figure.stated(
              "p50 to a refusal, at " + load.name(),
              Unit.MICROS,
              load.each(turn -> turn.microsToRefusal(50))));
      figures.add(
          Figure.stated(
              "p99 of the load's own lateness, at " + load.name(),
              Unit.MICROS,
              load.each(turn -> turn.microsLate(99))));
      notes.add(
          "a turn at %s: %s %s"
              .formatted(
                  load.name(),
                  load.turn(0).measurement().outcomes(),
                  load.turn(0).measurement().messages()));
    }
    for (Contestant<Turn> load : loads) {
      figures.add(
          Figure.stated("goodput at " + load.name(), Unit.PER_SECOND, load.each(Turn::goodput)));
    }
    figures.add(
        Figure.stated("closed loop, " + Load.HALF, Unit.PER_SECOND, unhurried.each(Turn::rate)));
    figures.add(Figure.stated("peak", Unit.PER_SECOND, peak));
    figures.add(Figure.stated("deadline", Unit.MICROS, deadlineNanos / 1e3));
    Learned after = gateway.learned(BenchmarkModels.WIDE, Policy.AUTO);
    notes.add("best batch: " + before.longest().words());
    notes.add("at the end: " + after.longest().words());
    notes.add("refused since the start: " + after.rejections());
    notes.addAll(after.explanation());
    return new RowResult(1, "overload, one deadline", figures, List.of(), notes);
  }
}
