// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.process.Pinning.Place;
import dev.millrace.loadtest.process.Server;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Row 9: two event loops against one, with all cores shared by servers and load. There is no goal:
 * where load takes a core of its own, two cores cannot show more.
 */
final class EventLoopsRow implements RowProgram {
  private final Stage stage;
  private final TinyMlp tiny;

  EventLoopsRow(Stage stage, TinyMlp tiny) {
    this.stage = stage;
    this.tiny = tiny;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Workload workload = tiny.workload();
    Load load = Load.FULL;
    stage.observer().phase("starting gateways on all cores");
    stage.pinning().placeLoadFor(Place.ANYWHERE);
    try (Server twoLoops = start("2 event loops", 2);
        Server oneLoop = start("1 event loop", 1);
        Subject two = Subject.connect(twoLoops, workload, load.connections(), stage.stop());
        Subject one = Subject.connect(oneLoop, workload, load.connections(), stage.stop())) {
      stage.warmUp(two, load);
      stage.warmUp(one, load);
      return result(Duel.of(stage, "event loops", two, one, load));
    } finally {
      stage.pinning().placeLoadFor(Place.SERVER_CORE);
    }
  }

  private Server start(String name, int loops) throws IOException, InterruptedException {
    return stage
        .launcher()
        .gateway(name, Place.ANYWHERE, stage.models(), "--set", "event_loops=" + loops);
  }

  private static RowResult result(Duel duel) {
    List<Figure> figures = new ArrayList<>(duel.figures(Optional.empty()));
    figures.add(cores(duel.nameA(), duel.a()));
    figures.add(cores(duel.nameB(), duel.b()));
    figures.add(busy(duel.nameA(), duel.a()));
    figures.add(busy(duel.nameB(), duel.b()));
    return new RowResult(
        9,
        "tiny MLP, unpinned, all cores shared with the load",
        figures,
        List.of(),
        duel.concerns());
  }

  private static Figure cores(String name, List<Turn> turns) {
    return Figures.stated(
        name + ": cores used by the gateway",
        Unit.RATIO,
        turns,
        turn -> turn.used().cpuNanos() / 1e9 / turn.measurement().seconds());
  }

  private static Figure busy(String name, List<Turn> turns) {
    return Figures.stated(
        name + ": core used by the load's event loop",
        Unit.RATIO,
        turns,
        turn -> turn.measurement().loopBusy());
  }
}
