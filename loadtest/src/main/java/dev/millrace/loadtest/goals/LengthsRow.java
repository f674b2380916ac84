// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.goals.RowResult.RateLine;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Row 3 of the scheduler: texts of four lengths, mixed at random, under each policy. With Triton a
 * request of another length ends a batch; our mode of that name gives each length a lane of its
 * own, so what Triton's rule would do is simulated, on the curves that were learned.
 */
final class LengthsRow implements RowProgram {
  private static final Goal GOAL = Goal.atLeast(2);
  private static final String MODEL = BenchmarkModels.TEXT;
  private static final List<Integer> LENGTHS = List.of(16, 32, 64, 128);

  private final Stage stage;
  private final PolicyGateway gateway;

  LengthsRow(Stage stage, PolicyGateway gateway) {
    this.stage = stage;
    this.gateway = gateway;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Map<Policy, Workload> workloads = new EnumMap<>(Policy.class);
    for (Policy policy : Policy.values()) {
      workloads.put(policy, gateway.workload(MODEL, policy, shapes()).inRandomOrder());
    }
    try (Subject auto = gateway.connect(of(workloads, Policy.AUTO), 0);
        Subject triton = gateway.connect(of(workloads, Policy.TRITON), 0);
        Subject none = gateway.connect(of(workloads, Policy.NONE), 0)) {
      for (Subject subject : List.of(auto, triton, none)) {
        stage.warmUp(subject, PolicyGateway.CLOSED);
      }
      return measure(
          contestant(Policy.AUTO, auto),
          contestant(Policy.TRITON, triton),
          contestant(Policy.NONE, none));
    }
  }

  private static Workload of(Map<Policy, Workload> workloads, Policy policy) {
    return Objects.requireNonNull(workloads.get(policy));
  }

  private static String[] shapes() {
    return LENGTHS.stream()
        .flatMap(n -> Stream.of("input_ids:1x" + n, "attention_mask:1x" + n))
        .toArray(String[]::new);
  }

  private Contestant<Turn> contestant(Policy policy, Subject subject) {
    return new Contestant<>(
        policy.key(),
        () -> subject.turn(PolicyGateway.CLOSED.shape(), stage.effort().windowNanos()));
  }

  private RowResult measure(
      Contestant<Turn> auto, Contestant<Turn> triton, Contestant<Turn> none)
      throws IOException, InterruptedException, Ended {
    Rounds rounds =
        Rounds.play(
            "lengths",
            stage.effort().rounds(),
            List.of(auto, triton, none),
            stage.stop(),
            stage.observer());
    Learned learned = gateway.learned(MODEL, Policy.AUTO);
    Rehearsal rehearsal = Rehearsal.of(learned, LENGTHS.size(), stage.effort().windowNanos());
    double simulated = rehearsal.rate(Policy.AUTO);
    double ruled = rehearsal.rate(Policy.TRITON);
    List<Figure> figures = new ArrayList<>();
    figures.add(
        Figure.of(
            "auto / Triton's rule, simulated", Unit.RATIO, List.of(simulated / ruled), GOAL));
    figures.add(ratio("auto / triton mode, which has lanes", rounds, auto, triton));
    figures.add(ratio("auto / none", rounds, auto, none));
    List<RateLine> rates = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    for (Contestant<Turn> contestant : List.of(auto, triton, none)) {
      figures.add(Figures.rate(contestant.name(), contestant.turns()));
      rates.add(Figures.line(contestant.name(), contestant.turns()));
      notes.addAll(Concerns.of(contestant.name(), contestant.turns()));
    }
    figures.add(Figure.stated("simulated: auto", Unit.PER_SECOND, simulated));
    figures.add(Figure.stated("simulated: Triton's rule", Unit.PER_SECOND, ruled));
    learned.costs().forEach(cost -> notes.add(cost.shape() + " bytes a row: " + cost.words()));
    return new RowResult(3, "texts of four lengths, " + PolicyGateway.CLOSED, figures, rates, notes);
  }

  private static Figure ratio(
      String name, Rounds rounds, Contestant<Turn> a, Contestant<Turn> b) {
    return Figure.stated(
        name, Unit.RATIO, rounds.each(i -> a.turn(i).rate() / b.turn(i).rate()));
  }
}
