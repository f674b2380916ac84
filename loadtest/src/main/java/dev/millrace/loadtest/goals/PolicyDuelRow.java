// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Rows 4 and 5 of the scheduler: where batches are of no use, the model's nature or little load,
 * they must do no harm. Against the same gateway without batching, on the same arrivals.
 */
final class PolicyDuelRow implements RowProgram {
  private final Stage stage;
  private final PolicyGateway gateway;
  private final int number;
  private final String work;
  private final String model;
  private final double load;
  private final double percentile;
  private final Goal goal;

  private PolicyDuelRow(
      Stage stage,
      PolicyGateway gateway,
      int number,
      String work,
      String model,
      double load,
      double percentile,
      Goal goal) {
    this.stage = stage;
    this.gateway = gateway;
    this.number = number;
    this.work = work;
    this.model = model;
    this.load = load;
    this.percentile = percentile;
    this.goal = goal;
  }

  static PolicyDuelRow neutralModel(Stage stage, PolicyGateway gateway) {
    return new PolicyDuelRow(
        stage,
        gateway,
        4,
        "a model that gains nothing from batches, load 0.7",
        BenchmarkModels.CONVOLUTION,
        0.7,
        99,
        Goal.atMost(1.05));
  }

  static PolicyDuelRow littleLoad(Stage stage, PolicyGateway gateway) {
    return new PolicyDuelRow(
        stage, gateway, 5, "little load, 0.3", BenchmarkModels.WIDE, 0.3, 50, Goal.atMost(1.02));
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Workload ofAuto = gateway.workload(model, Policy.AUTO);
    Workload ofNone = gateway.workload(model, Policy.NONE);
    Capacity auto = gateway.capacity(model, Policy.AUTO, ofAuto);
    Capacity none = gateway.capacity(model, Policy.NONE, ofNone);
    OpenLoad open = new OpenLoad(load * none.peak());
    try (Subject a = gateway.connect(ofAuto, 0);
        Subject b = gateway.connect(ofNone, 0)) {
      Contestant<Turn> first = contestant(Policy.AUTO, a, open);
      Contestant<Turn> second = contestant(Policy.NONE, b, open);
      Rounds rounds =
          Rounds.play(
              work,
              stage.effort().rounds(),
              List.of(first, second),
              stage.stop(),
              stage.observer());
      return result(rounds, first, second, auto, none);
    }
  }

  private Contestant<Turn> contestant(Policy policy, Subject subject, OpenLoad open) {
    // twice a turn: it is about percentiles of few requests
    return new Contestant<>(
        policy.key(),
        () ->
            new Undisturbed(stage)
                .turn(
                    subject,
                    open.shape(),
                    PolicyGateway.SETTLE_NANOS,
                    2 * stage.effort().windowNanos()));
  }

  private RowResult result(
      Rounds rounds,
      Contestant<Turn> auto,
      Contestant<Turn> none,
      Capacity ofAuto,
      Capacity ofNone) {
    List<Figure> figures = new ArrayList<>();
    figures.add(
        Figure.of(
            String.format(Locale.ROOT, "p%.0f, auto / none", percentile),
            Unit.RATIO,
            rounds.each(i -> auto.turn(i).micros(percentile) / none.turn(i).micros(percentile)),
            goal));
    List<String> notes = new ArrayList<>();
    for (Contestant<Turn> contestant : List.of(auto, none)) {
      figures.add(Figures.latency(contestant.name(), contestant.turns(), 50));
      figures.add(Figures.latency(contestant.name(), contestant.turns(), 99));
      figures.add(
          Figures.stated(
              contestant.name() + ": p99 of the load's own lateness",
              Unit.MICROS,
              contestant.turns(),
              turn -> turn.microsLate(99)));
      notes.addAll(Concerns.of(contestant.name(), contestant.turns()));
    }
    figures.add(Figure.stated("auto: peak", Unit.PER_SECOND, ofAuto.peak()));
    figures.add(Figure.stated("none: peak", Unit.PER_SECOND, ofNone.peak()));
    notes.add("auto, the best batch: " + ofAuto.learned().longest().words());
    return new RowResult(number, work, figures, List.of(), notes);
  }
}
