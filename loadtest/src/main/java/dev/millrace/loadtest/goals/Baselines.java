// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.process.Children;
import dev.millrace.loadtest.process.Installation;
import dev.millrace.loadtest.process.Launcher;
import dev.millrace.loadtest.process.Pinning;
import dev.millrace.loadtest.process.Pinning.Place;
import dev.millrace.loadtest.workload.WorkloadException;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Measures the rows of a plan, one after the other. A row that fails is told of, and left out. */
public final class Baselines {
  /** Of the last row, which takes longer than all others. */
  static final int SOAK = 11;

  private final BaselinePlan plan;
  private final Stop stop;
  private final Observer observer;
  private final List<RowResult> results = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private Baselines(BaselinePlan plan, Stop stop, Observer observer) {
    this.plan = plan;
    this.stop = stop;
    this.observer = observer;
  }

  /**
   * Measures. Servers that it starts have ended when it returns, and their files are gone.
   *
   * @throws IOException if this was not started by the launcher, or the gateway cannot be built
   */
  public static BaselineReport run(BaselinePlan plan, Stop stop, Observer observer)
      throws IOException, InterruptedException {
    return new Baselines(plan, stop, observer).run();
  }

  private BaselineReport run() throws IOException, InterruptedException {
    Installation installation = Installation.ofThisProcess();
    observer.phase("looking whether the gateway is built");
    installation.prepare();
    Instant date = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    long start = System.nanoTime();
    Pinning pinning = Pinning.ofThisProcess();
    try (Children children = Children.create()) {
      Launcher launcher = new Launcher(installation, pinning, children);
      pinning.placeLoadFor(Place.SERVER_CORE);
      Stage stage = new Stage(launcher, pinning, children, plan.effort(), stop, observer);
      switch (plan.table()) {
        case BASELINES -> measure(stage, baselines(stage), start);
        case SCHEDULING -> measure(stage, scheduling(stage), start);
      }
      results.sort(Comparator.comparingInt(RowResult::number));
    } finally {
      observer.phase("");
    }
    return new BaselineReport(
        plan.table(),
        date,
        Machine.words(),
        Machine.software(installation),
        pinning.words(),
        plan.command(),
        (System.nanoTime() - start) / 1e9,
        results,
        notes);
  }

  private Map<Integer, RowProgram> baselines(Stage stage) {
    TinyMlp tiny = new TinyMlp(stage);
    Map<Integer, RowProgram> all = new LinkedHashMap<>();
    all.put(1, new TinyRow(stage, tiny));
    // looks at the same turns
    all.put(6, new AllocationRow(tiny));
    all.put(2, RooflineRow.large(stage));
    all.put(3, new ImageRow(stage));
    all.put(4, RooflineRow.text(stage));
    all.put(5, new LatencyRow(stage, tiny));
    all.put(7, new FloodRow(stage));
    all.put(8, new ManyModelsRow(stage));
    all.put(9, new EventLoopsRow(stage, tiny));
    all.put(10, new ColdStartRow(stage, tiny));
    all.keySet().retainAll(plan.effort().rows());
    plan.soakMinutes().ifPresent(minutes -> all.put(SOAK, new SoakRow(stage, minutes)));
    return all;
  }

  private Map<Integer, RowProgram> scheduling(Stage stage) {
    PolicyGateway gateway = new PolicyGateway(stage);
    Map<Integer, RowProgram> all = new LinkedHashMap<>();
    String device = DeviceModel.NAME;
    String wide = BenchmarkModels.WIDE;
    all.put(
        1,
        new OnEach(
            new OnEach.Part(device, OverloadRow.oneDeadline(stage, gateway, device)),
            new OnEach.Part(wide, OverloadRow.oneDeadline(stage, gateway, wide))));
    all.put(
        2,
        new OnEach(
            new OnEach.Part(device, OverloadRow.mixedDeadlines(stage, gateway, device)),
            new OnEach.Part(wide, OverloadRow.mixedDeadlines(stage, gateway, wide))));
    all.put(3, new LengthsRow(stage, gateway));
    all.put(4, PolicyDuelRow.neutralModel(stage, gateway));
    all.put(5, PolicyDuelRow.littleLoad(stage, gateway));
    all.put(
        6,
        new OnEach(
            new OnEach.Part(device, new SimulatorRow(stage, gateway, device)),
            new OnEach.Part(wide, new SimulatorRow(stage, gateway, wide))));
    all.put(
        8,
        new OnEach(
            new OnEach.Part(device, new StepRow(stage, gateway, device)),
            new OnEach.Part(wide, new StepRow(stage, gateway, wide))));
    all.keySet().retainAll(plan.effort().rows());
    return all;
  }

  private void measure(Stage stage, Map<Integer, RowProgram> programs, long start)
      throws InterruptedException {
    long end = start + TimeUnit.SECONDS.toNanos(plan.effort().limitSeconds());
    for (Map.Entry<Integer, RowProgram> program : programs.entrySet()) {
      int number = program.getKey();
      if (stop.isAsked()) {
        notes.add("ended early: row %d and those behind it are missing".formatted(number));
        return;
      }
      if (number != SOAK && System.nanoTime() > end) {
        notes.add(
            "row %d: left out, %d s had passed (--rows %d measures it alone)"
                .formatted(number, plan.effort().limitSeconds(), number));
      } else {
        measure(stage, number, program.getValue());
      }
    }
  }

  private void measure(Stage stage, int number, RowProgram program) throws InterruptedException {
    try {
      RowResult result = program.run();
      results.add(result.with(stage.takeNotes()));
    } catch (Ended e) {
      notes.add("row %d: ended early".formatted(number));
    } catch (IOException | WorkloadException e) {
      // whatever fails after the user's wish to end fails because of it
      notes.add("row %d: %s".formatted(number, stop.isAsked() ? "ended early" : e.getMessage()));
    }
  }
}
