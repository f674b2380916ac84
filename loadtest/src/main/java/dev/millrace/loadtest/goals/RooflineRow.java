// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.goals.BestBatches.Pace;
import dev.millrace.loadtest.goals.RowResult.RateLine;
import dev.millrace.loadtest.process.OrtProcess;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Rows 2 and 4: a model that has to compute, against the roofline of one core: what is left if each
 * request costs what bare gRPC takes for it and what bare ONNX Runtime takes at its best.
 */
final class RooflineRow implements RowProgram {
  private final Stage stage;
  private final int number;
  private final String work;
  private final String model;
  private final List<Integer> lengths;
  private final int maxRows;
  private final List<String> shapes;
  private final Goal goal;

  private RooflineRow(
      Stage stage,
      int number,
      String work,
      String model,
      List<Integer> lengths,
      int maxRows,
      List<String> shapes,
      Goal goal) {
    this.stage = stage;
    this.number = number;
    this.work = work;
    this.model = model;
    this.lengths = lengths;
    this.maxRows = maxRows;
    this.shapes = shapes;
    this.goal = goal;
  }

  static RooflineRow large(Stage stage) {
    return new RooflineRow(
        stage,
        2,
        "large MLP against the roofline of one core",
        BenchmarkModels.LARGE,
        List.of(1),
        128,
        List.of(),
        Goal.atLeast(0.95));
  }

  static RooflineRow text(Stage stage) {
    return new RooflineRow(
        stage,
        4,
        "text of 16 to 128 tokens against the roofline of one core",
        BenchmarkModels.TEXT,
        IntStream.rangeClosed(1, 8).mapToObj(i -> 16 * i).toList(),
        32,
        List.of("input_ids:1x16..128..16", "attention_mask:1x16..128..16"),
        Goal.atLeast(0.9));
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Workload workload = Requests.of(stage.gateway(), List.of(model), shapes.toArray(String[]::new));
    Load load = Load.FULL;
    try (OrtProcess ort = stage.bareOrt(model);
        Subject gateway =
            Subject.connect(stage.gateway(), workload, load.connections(), stage.stop());
        Subject bare =
            Subject.connect(
                stage.bareGrpc(),
                Requests.forAnother(workload),
                load.connections(),
                stage.stop())) {
      stage.observer().phase("bare ORT, looking for the best batches");
      BestBatches batches = BestBatches.find(ort, lengths, maxRows, stage.effort().sweepMillis());
      stage.warmUp(gateway, load);
      stage.warmUp(bare, load);
      return measure(
          stage.contestant(gateway, load),
          stage.contestant(bare, load),
          new Contestant<>("bare ORT", () -> batches.turn(stage.effort().ortMillis())),
          batches.words());
    }
  }

  private RowResult measure(
      Contestant<Turn> gateway, Contestant<Turn> bare, Contestant<Pace> ort, String note)
      throws IOException, InterruptedException, Ended {
    Rounds rounds =
        Rounds.play(
            model,
            stage.effort().rounds(),
            List.of(gateway, bare, ort),
            stage.stop(),
            stage.observer());
    List<Double> roofline =
        rounds.each(i -> Roofline.rate(ort.turn(i).rowsPerSecond(), bare.turn(i).answerRate()));
    List<String> notes = new ArrayList<>(List.of(note));
    notes.addAll(Concerns.of("gateway", gateway.turns()));
    notes.addAll(Concerns.of("bare gRPC", bare.turns()));
    return new RowResult(
        number,
        work,
        List.of(
            Figure.of(
                "gateway / roofline, " + Load.FULL,
                Unit.RATIO,
                rounds.each(i -> gateway.turn(i).answerRate() / roofline.get(i)),
                goal),
            Figure.stated(
                "the same by CPU time per request",
                Unit.RATIO,
                rounds.each(
                    i ->
                        (ort.turn(i).cpuMicrosPerRow() + bare.turn(i).cpuMicrosPerAnswer())
                            / gateway.turn(i).cpuMicrosPerAnswer())),
            Figures.rate("gateway", gateway.turns()),
            Figures.cpu("gateway", gateway.turns()),
            Figure.stated("roofline: requests", Unit.PER_SECOND, roofline),
            Figures.rate("bare gRPC", bare.turns()),
            Figures.cpu("bare gRPC", bare.turns()),
            Figure.stated("bare ORT: rows", Unit.PER_SECOND, ort.each(Pace::rowsPerSecond)),
            Figure.stated("bare ORT: CPU per row", Unit.MICROS, ort.each(Pace::cpuMicrosPerRow))),
        List.of(
            Figures.line("gateway", gateway.turns()),
            new RateLine("roofline", roofline),
            Figures.line("bare gRPC", bare.turns()),
            new RateLine("bare ORT, rows", ort.each(Pace::rowsPerSecond))),
        notes);
  }
}
