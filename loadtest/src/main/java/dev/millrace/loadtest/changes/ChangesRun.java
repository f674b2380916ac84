// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import dev.millrace.loadtest.load.ArrivalPattern;
import dev.millrace.loadtest.load.ArrivalSpec;
import dev.millrace.loadtest.load.LoadGenerator;
import dev.millrace.loadtest.load.LoadOptions;
import dev.millrace.loadtest.load.LoadShape;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Measurements;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.process.Server;
import dev.millrace.loadtest.workload.DataSource;
import dev.millrace.loadtest.workload.ModelShare;
import dev.millrace.loadtest.workload.Workload;
import dev.millrace.loadtest.workload.WorkloadSpec;
import dev.millrace.loadtest.workload.Workloads;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Changes a gateway's deployment while load is on it. One thread makes the changes. */
public final class ChangesRun {
  static final int FEWEST = 1;
  static final int MOST = 4;

  /** Begins and ends with the fewest; 1 to 4 is the one that is timed by itself. */
  private static final List<Integer> REPLICAS = List.of(MOST, 2, 3, FEWEST);

  /**
   * Quiet and with changes, by turns: other work on the machine, which comes and goes, is to be in
   * both.
   */
  private static final int ROUNDS = 8;

  /** For what a last change leaves to be done. */
  private static final long SETTLING_NANOS = 300_000_000;

  // laps of the processor's clock, by turns
  private static final int QUIET = 0;
  private static final int SWAPPING = 1;

  private static final long SLOW_VERSION = 3;
  private static final int CONNECTIONS = 4;
  private static final int MAX_OPEN = 32_768;

  /** Each answer is looked at: it has to be of the version that it says. */
  private static final int CHECK_EVERY = 1;

  private static final long SEED = 1;

  private final ChangesPlan plan;
  private final Server server;
  private final Operator operator;
  private final Stop stop;
  private final Observer observer;
  private final ChangeTimes times = new ChangeTimes();

  private ChangesRun(
      ChangesPlan plan, Server server, Operator operator, Stop stop, Observer observer) {
    this.plan = plan;
    this.server = server;
    this.operator = operator;
    this.stop = stop;
    this.observer = observer;
  }

  /**
   * Pushes versions to a gateway without any, puts load on one, and changes it.
   *
   * @param folder for files of models
   * @param place where the gateway and this process run, in words
   */
  public static ChangesReport run(
      ChangesPlan plan, Server server, Path folder, String place, Stop stop, Observer observer)
      throws IOException, InterruptedException {
    try (Operator operator = new Operator(server.address())) {
      return new ChangesRun(plan, server, operator, stop, observer).run(folder, place);
    }
  }

  private ChangesReport run(Path folder, String place) throws IOException, InterruptedException {
    observer.phase("pushing three versions");
    push(ChangeModels.write(folder, 1));
    push(ChangeModels.write(folder, 2));
    push(ChangeModels.writeSlow(folder, SLOW_VERSION));
    // each once before it counts: code that has never run is slow, and no change's fault
    for (long version : List.of(SLOW_VERSION, 2L, 1L)) {
      operator.make(deployment -> deployment.swap(version));
    }
    try (LoadGenerator generator = LoadGenerator.connect(options(), workload(operator.channel()))) {
      LoadGenerator.Run run = generator.start(shape());
      try {
        return measure(run, place);
      } finally {
        run.stop();
      }
    }
  }

  private ChangesReport measure(LoadGenerator.Run run, String place)
      throws IOException, InterruptedException {
    observer.phase("warm-up");
    rehearse();
    stop.await(ChangesPlan.nanos(plan.warmUpSeconds()));
    run.sample();

    List<Measurement> quiet = new ArrayList<>();
    List<Measurement> swapping = new ArrayList<>();
    ProcessorClock processor = new ProcessorClock(server.probe());
    long before = 0;
    long halfway = 0;
    for (int round = 0; round < ROUNDS; round++) {
      observer.phase("quiet");
      stop.await(ChangesPlan.nanos(plan.phaseSeconds() / ROUNDS));
      quiet.add(run.sample());
      processor.lap();
      before = round == 0 ? server.residentBytes() : before;

      observer.phase("changing");
      swapAndScale(round);
      stop.await(SETTLING_NANOS);
      swapping.add(run.sample());
      processor.lap();
      halfway = round == ROUNDS / 2 - 1 ? server.residentBytes() : halfway;
    }

    Measurement swaps = Measurements.sum(swapping);
    long end =
        System.nanoTime() + ChangesPlan.nanos(Math.max(0, plan.phaseSeconds() - swaps.seconds()));
    canaries();
    operator.make(deployment -> deployment.scale(FEWEST));
    stop.await(end - System.nanoTime());
    Measurement canaries = run.sample();
    long after = server.residentBytes();
    run.stop();
    return new ChangesReport(
        plan,
        place,
        Measurements.sum(quiet),
        swaps,
        Measurements.sum(List.of(canaries, run.sample())),
        times,
        new ChangesReport.Processor(
            processor.used(QUIET),
            processor.used(SWAPPING),
            processor.usedByCompilers(QUIET),
            processor.usedByCompilers(SWAPPING)),
        new ChangesReport.Memory(before, halfway, after),
        stop.isAsked());
  }

  /** Each kind of change under load, for the same reason. */
  private void rehearse() throws IOException, InterruptedException {
    operator.make(deployment -> deployment.scale(MOST));
    operator.make(deployment -> deployment.scale(FEWEST));
    for (int i = 0; i < plan.rehearsals() && !stop.isAsked(); i++) {
      operator.make(deployment -> deployment.swap(deployment.other()));
    }
  }

  private void push(Path onnx) throws IOException, InterruptedException {
    operator.make(
        deployment -> {
          deployment.push(onnx);
          return onnx;
        });
  }

  private void swapAndScale(int round) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    int first = plan.swaps() * round / ROUNDS;
    int end = plan.swaps() * (round + 1) / ROUNDS;
    for (int i = first; i < end && !stop.isAsked(); i++) {
      times.swap(operator.make(deployment -> deployment.swap(deployment.other())));
      for (int scaled = times.scales().size();
          scaled < (i + 1) * plan.scales() / plan.swaps();
          scaled++) {
        scale(REPLICAS.get(scaled % REPLICAS.size()));
      }
      stop.await(begin + (i + 1 - first) * plan.swapGapNanos() - System.nanoTime());
    }
  }

  private void scale(int to) throws IOException, InterruptedException {
    operator.make(
        deployment -> {
          int from = deployment.replicas();
          times.scale(from, to, deployment.scale(to));
          return to;
        });
  }

  private void canaries() throws IOException, InterruptedException {
    for (int i = 1; i <= plan.canaries() && !stop.isAsked(); i++) {
      boolean isGood = i != ChangesPlan.BAD;
      observer.phase(isGood ? "a canary" : "a canary that is slow");
      times.canary(
          operator.make(
              deployment ->
                  deployment.canary(
                      isGood ? deployment.other() : SLOW_VERSION, isGood, plan.bakeSeconds())));
    }
  }

  private LoadOptions options() {
    return new LoadOptions(server.address(), CONNECTIONS, 1, 0, CHECK_EVERY, SEED);
  }

  private LoadShape shape() {
    ArrivalSpec arrivals =
        ArrivalSpec.fixed(plan.rate(), new ArrivalPattern.Poisson(), Double.POSITIVE_INFINITY);
    return new LoadShape.OpenLoop(arrivals::schedule, MAX_OPEN);
  }

  private static Workload workload(ManagedChannel channel) {
    WorkloadSpec spec =
        new WorkloadSpec(
            List.of(new ModelShare(ChangeModels.NAME, Optional.empty(), 1)),
            new DataSource.Random(),
            1,
            List.of(),
            Optional.empty(),
            false,
            WorkloadSpec.DEFAULT_TOLERANCE,
            SEED);
    return new Workload(Workloads.build(channel, spec).variants(), new VersionCheck());
  }
}
