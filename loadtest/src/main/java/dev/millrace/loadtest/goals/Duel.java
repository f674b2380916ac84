// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.goals.RowResult.RateLine;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Two servers under the same load, by turns.
 *
 * @param load of both
 * @param a turns of the first one
 * @param b turns of the second one, as many
 */
record Duel(String nameA, String nameB, Load load, List<Turn> a, List<Turn> b) {
  Duel {
    a = List.copyOf(a);
    b = List.copyOf(b);
  }

  /** Puts the gateway and bare gRPC under the same requests, warm-up included. */
  static Duel againstBareGrpc(Stage stage, String what, Workload workload, Load load)
      throws IOException, InterruptedException, Ended {
    try (Subject gateway =
            Subject.connect(stage.gateway(), workload, load.connections(), stage.stop());
        Subject bare =
            Subject.connect(
                stage.bareGrpc(),
                Requests.forAnother(workload),
                load.connections(),
                stage.stop())) {
      stage.warmUp(gateway, load);
      stage.warmUp(bare, load);
      return of(stage, what, gateway, bare, load);
    }
  }

  /** Two that are warm. */
  static Duel of(Stage stage, String what, Subject a, Subject b, Load load)
      throws IOException, InterruptedException, Ended {
    Contestant<Turn> first = stage.contestant(a, load);
    Contestant<Turn> second = stage.contestant(b, load);
    Rounds.play(
        what, stage.effort().rounds(), List.of(first, second), stage.stop(), stage.observer());
    return new Duel(a.name(), b.name(), load, first.turns(), second.turns());
  }

  /** By the clock, round by round: above 1 if the first one is faster. */
  List<Double> rateRatios() {
    return each(i -> a.get(i).answerRate() / b.get(i).answerRate());
  }

  /** By processor time per request, round by round: above 1 if the first one needs less. */
  List<Double> cpuRatios() {
    return each(i -> b.get(i).cpuMicrosPerAnswer() / a.get(i).cpuMicrosPerAnswer());
  }

  List<Double> each(java.util.function.IntToDoubleFunction figureOfRound) {
    return IntStream.range(0, a.size()).mapToDouble(figureOfRound).boxed().toList();
  }

  /**
   * The ratio of the rates, and all that is behind it.
   *
   * @param goal of the ratio
   */
  List<Figure> figures(Optional<Goal> goal) {
    List<Figure> figures = new ArrayList<>();
    String with = ", " + load;
    figures.add(
        new Figure("%s / %s%s".formatted(nameA, nameB, with), Unit.RATIO, rateRatios(), goal));
    figures.add(Figure.stated("the same by CPU time per request" + with, Unit.RATIO, cpuRatios()));
    addUse(figures, nameA + with, a);
    addUse(figures, nameB + with, b);
    return figures;
  }

  private static void addUse(List<Figure> figures, String name, List<Turn> turns) {
    figures.add(Figures.rate(name, turns));
    figures.add(Figures.cpu(name, turns));
  }

  List<RateLine> rates() {
    return List.of(Figures.line(nameA + ", " + load, a), Figures.line(nameB + ", " + load, b));
  }

  List<String> concerns() {
    List<String> lines = new ArrayList<>(Concerns.of(nameA, a));
    lines.addAll(Concerns.of(nameB, b));
    return lines;
  }
}
