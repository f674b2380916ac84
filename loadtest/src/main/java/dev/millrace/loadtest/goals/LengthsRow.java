// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.goals.RowResult.RateLine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Row 3 of the scheduler: texts of four lengths, mixed at random, under each policy. With Triton a
 * request of another length ends a batch; our mode of that name gives each length a lane of its
 * own, so what Triton's rule would do is simulated, on the curves that were learned.
 */
final class LengthsRow implements RowProgram {
  private static final Goal GOAL = Goal.atLeast(2);

  /**
   * A model and its lengths.
   *
   * @param goal of the ratio to Triton's rule
   */
  private record Texts(String model, List<Integer> lengths, Optional<Goal> goal) {
    String words() {
      return "%s, %s tokens"
          .formatted(model, String.join(", ", lengths.stream().map(String::valueOf).toList()));
    }

    String[] shapes() {
      return lengths.stream()
          .flatMap(n -> Stream.of("input_ids:1x" + n, "attention_mask:1x" + n))
          .toArray(String[]::new);
    }
  }

  // of the first a batch is hardly cheaper than its rows on a processor's core: stated, no goal
  private static final List<Texts> ALL =
      List.of(
          new Texts(BenchmarkModels.SHORT_TEXT, List.of(1, 2, 4, 8), Optional.of(GOAL)),
          new Texts(BenchmarkModels.TEXT, List.of(16, 32, 64, 128), Optional.empty()));

  private final Stage stage;
  private final PolicyGateway gateway;

  LengthsRow(Stage stage, PolicyGateway gateway) {
    this.stage = stage;
    this.gateway = gateway;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    List<Figure> figures = new ArrayList<>();
    List<RateLine> rates = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    for (Texts texts : ALL) {
      run(texts, figures, rates, notes);
    }
    return new RowResult(
        3, "texts of four lengths, " + PolicyGateway.CLOSED, figures, rates, notes);
  }

  private void run(Texts texts, List<Figure> figures, List<RateLine> rates, List<String> notes)
      throws IOException, InterruptedException, Ended {
    try (Subject auto = connect(texts, Policy.AUTO);
        Subject triton = connect(texts, Policy.TRITON);
        Subject none = connect(texts, Policy.NONE)) {
      for (Subject subject : List.of(auto, triton, none)) {
        stage.warmUp(subject, PolicyGateway.CLOSED);
      }
      List<Contestant<Turn>> all =
          List.of(
              contestant(texts, Policy.AUTO, auto),
              contestant(texts, Policy.TRITON, triton),
              contestant(texts, Policy.NONE, none));
      Rounds rounds =
          Rounds.play(
              texts.model(),
              stage.effort().rounds(),
              List.copyOf(all),
              stage.stop(),
              stage.observer());
      compare(texts, rounds, all.get(0), all.get(1), all.get(2), figures);
      for (Contestant<Turn> contestant : all) {
        figures.add(Figures.rate(contestant.name(), contestant.turns()));
        rates.add(Figures.line(contestant.name(), contestant.turns()));
        notes.addAll(Concerns.of(contestant.name(), contestant.turns()));
      }
    }
    for (Learned.Cost cost : gateway.learned(texts.model(), Policy.AUTO).costs()) {
      notes.add("%s, size %s: %s".formatted(texts.model(), cost.shape(), cost.words()));
    }
  }

  private Subject connect(Texts texts, Policy policy) throws IOException, InterruptedException {
    return gateway.connect(
        gateway.workload(texts.model(), policy, texts.shapes()).inRandomOrder(), 0);
  }

  private Contestant<Turn> contestant(Texts texts, Policy policy, Subject subject) {
    return new Contestant<>(
        policy.of(texts.model()),
        () -> subject.turn(PolicyGateway.CLOSED.shape(), stage.effort().windowNanos()));
  }

  private void compare(
      Texts texts,
      Rounds rounds,
      Contestant<Turn> auto,
      Contestant<Turn> triton,
      Contestant<Turn> none,
      List<Figure> figures)
      throws IOException, InterruptedException {
    Rehearsal rehearsal =
        Rehearsal.of(
            gateway.learned(texts.model(), Policy.AUTO),
            texts.lengths().size(),
            stage.effort().windowNanos());
    double ours = rehearsal.rate(Policy.AUTO);
    double ruled = rehearsal.rate(Policy.TRITON);
    figures.add(
        new Figure(
            "%s: auto / Triton's rule, both simulated".formatted(texts.words()),
            Unit.RATIO,
            List.of(ours / ruled),
            texts.goal()));
    figures.add(ratio("auto / triton mode, which has lanes", rounds, auto, triton));
    figures.add(ratio("auto / none", rounds, auto, none));
    figures.add(Figure.stated("simulated: auto", Unit.PER_SECOND, ours));
    figures.add(Figure.stated("simulated: Triton's rule", Unit.PER_SECOND, ruled));
  }

  private static Figure ratio(String name, Rounds rounds, Contestant<Turn> a, Contestant<Turn> b) {
    return Figure.stated(name, Unit.RATIO, rounds.each(i -> a.turn(i).rate() / b.turn(i).rate()));
  }
}
