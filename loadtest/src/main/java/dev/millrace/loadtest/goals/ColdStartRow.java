// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.load.Comparison.Spread;
import dev.millrace.loadtest.process.Pinning.Place;
import dev.millrace.loadtest.process.Server;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Row 10: how soon a gateway that is started answers, and how fast it is then. */
final class ColdStartRow implements RowProgram {
  private static final Goal SECONDS = Goal.atMost(1);
  private static final Goal SHARE = Goal.atLeast(0.6);

  private final Stage stage;
  private final TinyMlp tiny;

  ColdStartRow(Stage stage, TinyMlp tiny) {
    this.stage = stage;
    this.tiny = tiny;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Path repository = stage.folder("cold");
    BenchmarkModels.writeTiny(repository);
    List<Figure> figures = new ArrayList<>();
    double warmPinned = median(tiny.atFullLoad().a().stream().map(Turn::rate).toList());
    if (stage.pinning().isPinned()) {
      addStarts(figures, Place.SERVER_CORE, repository, warmPinned);
    }
    stage.pinning().placeLoadFor(Place.ANYWHERE);
    try {
      double warm = stage.pinning().isPinned() ? warmUnpinned(repository) : warmPinned;
      addStarts(figures, Place.ANYWHERE, repository, warm);
    } finally {
      stage.pinning().placeLoadFor(Place.SERVER_CORE);
    }
    return new RowResult(10, "cold start, tiny MLP", figures, List.of(), List.of());
  }

  private void addStarts(List<Figure> figures, Place place, Path repository, double warmRate)
      throws IOException, InterruptedException, Ended {
    String where =
        switch (place) {
          case SERVER_CORE -> ", on one core";
          case ANYWHERE -> ", on all cores";
        };
    Workload workload = tiny.workload();
    List<ColdStart> starts = new ArrayList<>();
    for (int i = 1; i <= stage.effort().starts() && !stage.stop().isAsked(); i++) {
      stage.observer().phase("cold start %d%s".formatted(i, where));
      starts.add(
          ColdStart.measure(
              port -> stage.launcher().gatewayProcess("cold", place, repository, port),
              workload,
              stage.stop()));
    }
    if (starts.isEmpty() || stage.stop().isAsked()) {
      throw new Ended();
    }
    figures.add(
        Figure.of(
            "start to first right answer" + where,
            Unit.SECONDS,
            starts.stream().map(ColdStart::seconds).toList(),
            SECONDS));
    figures.add(
        Figure.of(
            "rate in the next 2 s / warm" + where,
            Unit.RATIO,
            starts.stream().map(cold -> cold.answersPerSecond() / warmRate).toList(),
            SHARE));
    figures.add(Figure.stated("warm rate" + where, Unit.PER_SECOND, warmRate));
  }

  private double warmUnpinned(Path repository) throws IOException, InterruptedException {
    Load load = Load.FULL;
    try (Server server =
            stage.launcher().gateway("gateway, all cores", Place.ANYWHERE, repository);
        Subject subject =
            Subject.connect(server, tiny.workload(), load.connections(), stage.stop())) {
      stage.warmUp(subject, load);
      return subject.turn(load.shape(), stage.effort().windowNanos()).rate();
    }
  }

  private static double median(List<Double> values) {
    return Spread.of(values.stream().mapToDouble(Double::doubleValue).toArray()).median();
  }
}
