// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.process.Pinning.Place;
import dev.millrace.loadtest.process.Server;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Row 8: 200 models in turn against one of them, and the memory that an idle one takes. */
final class ManyModelsRow implements RowProgram {
  private static final Optional<Goal> GOAL = Optional.of(Goal.atLeast(0.8));

  /** Memory of a gateway whose models are idle. */
  private record Memory(long residentBytes, long heapBytes) {
    static Memory of(Server server) {
      // garbage of loading would be counted as the models' own; what the collector has touched once
      // stays resident
      long heap = server.probe().usedHeapBytes();
      return new Memory(server.residentBytes(), heap);
    }
  }

  private final Stage stage;

  ManyModelsRow(Stage stage) {
    this.stage = stage;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Path one = stage.folder("one");
    BenchmarkModels.writeTiny(one);
    Path many = stage.folder("many");
    BenchmarkModels.writeTiny(many);
    BenchmarkModels.writeCopies(many);
    Memory ofOne;
    stage.observer().phase("starting a gateway with one model");
    try (Server server = start("gateway, one model", one)) {
      ofOne = Memory.of(server);
    }
    stage.observer().phase("starting a gateway with %d models".formatted(BenchmarkModels.COPIES));
    try (Server server = start("gateway", many)) {
      Memory ofMany = Memory.of(server);
      return result(duel(server), ofOne, ofMany);
    }
  }

  private Server start(String name, Path repository) throws IOException, InterruptedException {
    return stage.launcher().gateway(name, Place.SERVER_CORE, repository);
  }

  private Duel duel(Server server) throws IOException, InterruptedException, Ended {
    List<String> copies =
        IntStream.range(0, BenchmarkModels.COPIES).mapToObj(BenchmarkModels::copy).toList();
    Workload inTurn = Requests.of(server, copies);
    Workload single = Requests.of(server, List.of(BenchmarkModels.TINY));
    Load load = Load.FULL;
    try (Subject many = Subject.connect(server, inTurn, load.connections(), stage.stop());
        Subject one = Subject.connect(server, single, load.connections(), stage.stop())) {
      stage.warmUp(many, load);
      stage.warmUp(one, load);
      Duel duel = Duel.of(stage, "many models", many, one, load);
      return new Duel(
          BenchmarkModels.COPIES + " models in turn", "one model", load, duel.a(), duel.b());
    }
  }

  private static RowResult result(Duel duel, Memory one, Memory many) {
    List<Figure> figures = new ArrayList<>(duel.figures(GOAL));
    figures.add(
        perModel("resident memory per idle model", one.residentBytes(), many.residentBytes()));
    figures.add(perModel("heap in use per idle model", one.heapBytes(), many.heapBytes()));
    return new RowResult(
        8,
        "%d copies of the tiny MLP in turn".formatted(BenchmarkModels.COPIES),
        figures,
        List.of(),
        duel.concerns());
  }

  /** The gateway of many models has all copies beside the one model of the other. */
  private static Figure perModel(String name, long one, long many) {
    double bytes = (double) (many - one) / BenchmarkModels.COPIES;
    return Figure.stated(name, Unit.MEBIBYTES, bytes / (1 << 20));
  }
}
