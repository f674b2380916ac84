// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.workload.DeadlineShare;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Rows 1 and 2 of the scheduler: right answers in time with more load than can be borne, against
 * the most at any load; and how soon the others are told.
 */
final class OverloadRow implements RowProgram {
  private static final Goal REFUSAL_MICROS = Goal.atMost(2000);
  private static final Goal UNHURRIED = Goal.atLeast(0.8);

  /** Of the peak. */
  private static final List<Double> BEARABLE = List.of(0.8, 1.0, 1.25, 1.5);

  private static final List<Double> UNBEARABLE = List.of(2.0, 4.0);

  private final Stage stage;
  private final PolicyGateway gateway;
  private final String model;
  private final int number;
  private final String work;
  private final List<Double> deadlines;
  private final Goal goal;

  /**
   * @param deadlines in run times of the best batch, in equal shares; the last is the longest
   */
  private OverloadRow(
      Stage stage,
      PolicyGateway gateway,
      String model,
      int number,
      String work,
      List<Double> deadlines,
      Goal goal) {
    this.stage = stage;
    this.gateway = gateway;
    this.model = model;
    this.number = number;
    this.work = work;
    this.deadlines = deadlines;
    this.goal = goal;
  }

  static OverloadRow oneDeadline(Stage stage, PolicyGateway gateway, String model) {
    return new OverloadRow(
        stage, gateway, model, 1, "overload, one deadline", List.of(5.0), Goal.atLeast(0.95));
  }

  static OverloadRow mixedDeadlines(Stage stage, PolicyGateway gateway, String model) {
    return new OverloadRow(
        stage,
        gateway,
        model,
        2,
        "overload, half of the deadlines tight and half loose",
        List.of(3.0, 15.0),
        Goal.atLeast(0.9));
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Workload workload = gateway.workload(model, Policy.AUTO);
    Capacity capacity = gateway.capacity(model, Policy.AUTO, workload);
    List<DeadlineShare> shares =
        deadlines.stream()
            .map(batches -> new DeadlineShare(capacity.deadlineNanos(batches), 1))
            .toList();
    try (Subject subject = gateway.connect(workload.within(shares).inRandomOrder(), 0)) {
      gateway.warmUpRefusals(subject, capacity);
      List<Contestant<Served>> bearable = contestants(subject, capacity, BEARABLE);
      List<Contestant<Served>> unbearable = contestants(subject, capacity, UNBEARABLE);
      List<Contestant<?>> all = new ArrayList<>(bearable);
      all.addAll(unbearable);
      Learned before = gateway.learned(model, Policy.AUTO);
      Rounds rounds =
          Rounds.play(work, stage.effort().rounds(), all, stage.stop(), stage.observer());
      List<Contestant<Served>> loads = new ArrayList<>(bearable);
      loads.addAll(unbearable);
      return result(rounds, loads, unbearable, capacity, before);
    }
  }

  private List<Contestant<Served>> contestants(
      Subject subject, Capacity capacity, List<Double> factors) {
    return factors.stream()
        .map(
            factor ->
                gateway.contestant(
                    String.format(Locale.ROOT, "%s × the peak", factor),
                    model,
                    Policy.AUTO,
                    subject,
                    new OpenLoad(factor * capacity.peak())))
        .toList();
  }

  private RowResult result(
      Rounds rounds,
      List<Contestant<Served>> loads,
      List<Contestant<Served>> unbearable,
      Capacity capacity,
      Learned before)
      throws IOException, InterruptedException {
    // by the median: the most of all turns would be the luckiest
    Contestant<Served> best =
        loads.stream().max(Comparator.comparingDouble(OverloadRow::medianGoodput)).orElseThrow();
    List<Figure> figures = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    for (Contestant<Served> load : unbearable) {
      figures.add(
          Figure.of(
              "goodput at %s / at %s, the best".formatted(load.name(), best.name()),
              Unit.RATIO,
              rounds.each(i -> load.turn(i).goodput() / best.turn(i).goodput()),
              goal));
      figures.add(
          Figure.stated(
              "the same by CPU time, at " + load.name(),
              Unit.RATIO,
              rounds.each(
                  i -> load.turn(i).goodputOfCpuSecond() / best.turn(i).goodputOfCpuSecond())));
      if (deadlines.size() > 1) {
        int loose = deadlines.size() - 1;
        figures.add(
            Figure.of(
                "the same of the loose ones, at " + load.name(),
                Unit.RATIO,
                rounds.each(i -> load.turn(i).goodput(loose) / best.turn(i).goodput(loose)),
                UNHURRIED));
      }
      figures.addAll(refusals(load));
      notes.add(SchedulingNotes.turn(load));
    }
    for (Contestant<Served> load : loads) {
      figures.add(
          Figure.stated("goodput at " + load.name(), Unit.PER_SECOND, load.each(Served::goodput)));
      figures.add(
          Figure.stated(
              "the same by what the best batches carry, at " + load.name(),
              Unit.RATIO,
              load.each(Served::shareOfBestBatches)));
      figures.add(
          Figure.stated(
              "gateway: share of its core, at " + load.name(),
              Unit.RATIO,
              load.each(served -> served.turn().cpuShare())));
    }
    figures.add(Figure.stated("peak, closed loop", Unit.PER_SECOND, capacity.peak()));
    for (double batches : deadlines) {
      figures.add(
          Figure.stated(
              String.format(Locale.ROOT, "deadline, %.0f best batches", batches),
              Unit.MICROS,
              capacity.deadlineNanos(batches) / 1e3));
    }
    notes.addAll(
        SchedulingNotes.of(capacity.learned(), before, gateway.learned(model, Policy.AUTO)));
    return new RowResult(number, work, figures, List.of(), notes);
  }

  private static double medianGoodput(Contestant<Served> contestant) {
    return Figure.stated("", Unit.PER_SECOND, contestant.each(Served::goodput)).spread().median();
  }

  private static List<Figure> refusals(Contestant<Served> load) {
    return List.of(
        Figure.of(
            "p99 to a refusal, at " + load.name(),
            Unit.MICROS,
            load.each(served -> served.turn().microsToRefusal(99)),
            REFUSAL_MICROS),
        Figure.stated(
            "p50 to a refusal, at " + load.name(),
            Unit.MICROS,
            load.each(served -> served.turn().microsToRefusal(50))),
        Figure.stated(
            "p99 of the load's own lateness, at " + load.name(),
            Unit.MICROS,
            load.each(served -> served.turn().microsLate(99))));
  }
}
