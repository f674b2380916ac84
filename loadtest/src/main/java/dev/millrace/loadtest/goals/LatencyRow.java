// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.baseline.OrtRun;
import dev.millrace.loadtest.process.OrtProcess;
import dev.millrace.loadtest.process.Pinning.Place;
import dev.millrace.loadtest.process.Server;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Row 5: what the gateway adds to the latency of a lone request, with the run on the event loop and
 * with the run on a replica's thread.
 */
final class LatencyRow implements RowProgram {
  private static final Goal INLINE = Goal.atMost(10);
  private static final Goal THREADS = Goal.atMost(35);
  private static final Goal TAIL = Goal.atMost(3);

  private final Stage stage;
  private final TinyMlp tiny;

  LatencyRow(Stage stage, TinyMlp tiny) {
    this.stage = stage;
    this.tiny = tiny;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Workload workload = tiny.workload();
    stage.observer().phase("starting the gateway that runs nothing on event loops");
    try (Server threadsServer =
            stage
                .launcher()
                .gateway(
                    "gateway, replica threads",
                    Place.SERVER_CORE,
                    stage.models(),
                    "--set",
                    "inline_budget=0s");
        OrtProcess ort = stage.bareOrt(BenchmarkModels.TINY);
        Subject inline = connect(stage.gateway(), workload);
        Subject threads = connect(threadsServer, workload);
        Subject bare = connect(stage.bareGrpc(), Requests.forAnother(workload))) {
      for (Subject subject : List.of(inline, threads, bare)) {
        stage.warmUp(subject, Load.ONE);
      }
      return measure(
          stage.contestant(inline, Load.ONE),
          stage.contestant(threads, Load.ONE),
          stage.contestant(bare, Load.ONE),
          new Contestant<>("bare ORT", () -> ort.measure(1, 1, stage.effort().ortMillis())));
    }
  }

  private Subject connect(Server server, Workload workload)
      throws IOException, InterruptedException {
    return Subject.connect(server, workload, Load.ONE.connections(), stage.stop());
  }

  private RowResult measure(
      Contestant<Turn> inline,
      Contestant<Turn> threads,
      Contestant<Turn> bare,
      Contestant<OrtRun> ort)
      throws IOException, InterruptedException, Ended {
    Rounds rounds =
        Rounds.play(
            "lone requests",
            stage.effort().rounds(),
            List.of(inline, threads, bare, ort),
            stage.stop(),
            stage.observer());
    List<Figure> figures = new ArrayList<>();
    figures.add(added("inline", rounds, inline, bare, ort, INLINE));
    figures.add(added("through a replica thread", rounds, threads, bare, ort, THREADS));
    figures.add(tail("inline", inline));
    figures.add(tail("through a replica thread", threads));
    List<String> notes = new ArrayList<>();
    for (Contestant<Turn> contestant : List.of(inline, threads, bare)) {
      figures.add(Figures.latency(contestant.name(), contestant.turns(), 50));
      figures.add(Figures.latency(contestant.name(), contestant.turns(), 99));
      figures.add(Figures.cpu(contestant.name(), contestant.turns()));
      notes.addAll(Concerns.of(contestant.name(), contestant.turns()));
    }
    figures.add(Figure.stated("bare ORT: one row", Unit.MICROS, ort.each(OrtRun::microsPerRun)));
    return new RowResult(
        5, "added latency of a lone request, tiny MLP, " + Load.ONE, figures, List.of(), notes);
  }

  private static Figure added(
      String how,
      Rounds rounds,
      Contestant<Turn> gateway,
      Contestant<Turn> bare,
      Contestant<OrtRun> ort,
      Goal goal) {
    return Figure.of(
        "p50 − (bare gRPC p50 + bare ORT run), " + how,
        Unit.MICROS,
        rounds.each(
            i -> gateway.turn(i).micros(50) - bare.turn(i).micros(50) - ort.turn(i).microsPerRun()),
        goal);
  }

  private static Figure tail(String how, Contestant<Turn> gateway) {
    return Figure.of(
        "p99 / p50, " + how,
        Unit.RATIO,
        gateway.each(turn -> turn.micros(99) / turn.micros(50)),
        TAIL);
  }
}
