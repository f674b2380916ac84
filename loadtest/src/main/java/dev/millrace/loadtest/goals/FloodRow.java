// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Row 7: a model that can do 50 rows a second is flooded: how fast all others are turned away,
 * against bare gRPC with the same requests, and whether the model goes on at its own pace.
 */
final class FloodRow implements RowProgram {
  private static final Goal REJECTIONS = Goal.atLeast(1.1);
  private static final Goal GOODPUT = Goal.atLeast(0.95);

  /** Keeps the model busy without anything being turned away. */
  private static final Load FITTING = new Load(1, SlowModel.QUEUED_ROWS);

  private final Stage stage;

  FloodRow(Stage stage) {
    this.stage = stage;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Workload workload = Requests.of(stage.gateway(), List.of(SlowModel.NAME));
    Load flood = Load.FULL;
    try (Subject flooded =
            Subject.connect(stage.gateway(), workload, flood.connections(), stage.stop());
        Subject fitting =
            Subject.connect(stage.gateway(), workload, FITTING.connections(), stage.stop());
        Subject bare =
            Subject.connect(
                stage.bareGrpc(),
                Requests.forAnother(workload),
                flood.connections(),
                stage.stop())) {
      stage.warmUp(flooded, flood);
      stage.warmUp(bare, flood);
      return measure(
          stage.contestant(flooded, flood),
          stage.contestant(fitting, FITTING),
          stage.contestant(bare, flood));
    }
  }

  private RowResult measure(
      Contestant<Turn> flooded, Contestant<Turn> fitting, Contestant<Turn> bare)
      throws IOException, InterruptedException, Ended {
    Rounds rounds =
        Rounds.play(
            "flood",
            stage.effort().rounds(),
            List.of(flooded, bare, fitting),
            stage.stop(),
            stage.observer());
    List<String> notes = new ArrayList<>();
    notes.add("answers in a turn of the flood: " + flooded.turn(0).measurement().outcomes());
    notes.addAll(Concerns.wrong("flood", flooded.turns().stream().map(Turn::measurement).toList()));
    notes.addAll(Concerns.of("bare gRPC", bare.turns()));
    notes.addAll(Concerns.of("capacity", fitting.turns()));
    return new RowResult(
        7,
        "rejections, " + Load.FULL,
        List.of(
            Figure.of(
                "answers of the flooded gateway / bare gRPC",
                Unit.RATIO,
                rounds.each(i -> flooded.turn(i).answerRate() / bare.turn(i).answerRate()),
                REJECTIONS),
            Figure.of(
                "OK in the flood / capacity, %s in flight".formatted(FITTING),
                Unit.RATIO,
                rounds.each(i -> flooded.turn(i).rate() / fitting.turn(i).rate()),
                GOODPUT),
            Figure.stated(
                "answers by CPU time, bare gRPC / flooded gateway",
                Unit.RATIO,
                rounds.each(
                    i -> bare.turn(i).cpuMicrosPerAnswer() / flooded.turn(i).cpuMicrosPerAnswer())),
            Figures.rate("flooded gateway", flooded.turns()),
            Figures.cpu("flooded gateway", flooded.turns()),
            Figures.rate("bare gRPC", bare.turns()),
            Figures.cpu("bare gRPC", bare.turns()),
            Figure.stated("capacity", Unit.PER_SECOND, fitting.each(Turn::rate))),
        List.of(),
        notes);
  }
}
