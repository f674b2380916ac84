// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.load.Driver;
import dev.millrace.loadtest.load.LoadGenerator;
import dev.millrace.loadtest.load.LoadedServer;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.process.Pinning.Place;
import dev.millrace.loadtest.process.Server;
import dev.millrace.loadtest.workload.Workload;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Row 11: minutes at 80 % of the peak, while new versions of the model replace each other and some
 * requests are cancelled. Memory has to stay where it is, and every request that is not cancelled
 * has to be answered.
 */
final class SoakRow implements RowProgram {
  private static final Goal FLAT = Goal.atMost(3);
  private static final Goal NO_ERRORS = Goal.atMost(0);

  private static final double SHARE_OF_PEAK = 0.8;

  /** Of the requests, those with a deadline that many of them miss. */
  private static final double SHARE_CANCELLED = 0.02;

  private static final long CANCEL_NANOS = TimeUnit.MICROSECONDS.toNanos(300);
  private static final long PEAK_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long RELOAD_SECONDS = 20;
  private static final long SAMPLE_SECONDS = 5;

  /** Before it, caches and the heap are still filling. */
  private static final double SETTLED_SECONDS = 60;

  private final Stage stage;
  private final double minutes;

  SoakRow(Stage stage, double minutes) {
    this.stage = stage;
    this.minutes = minutes;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Path repository = stage.folder("soak");
    Versions versions = new Versions(repository.resolve(BenchmarkModels.TINY));
    versions.next();
    stage.observer().phase("starting a gateway that looks for new versions");
    try (Server server =
        stage
            .launcher()
            .gateway(
                "soaked",
                Place.SERVER_CORE,
                repository,
                "--model-control",
                "poll",
                "--set",
                "poll_interval=1s")) {
      Workload workload = Requests.of(server, List.of(BenchmarkModels.TINY));
      double peak = peak(server, workload);
      return soak(server, workload, peak, versions);
    }
  }

  private double peak(Server server, Workload workload) throws IOException, InterruptedException {
    Load load = Load.FULL;
    try (Subject subject = Subject.connect(server, workload, load.connections(), stage.stop())) {
      stage.warmUp(subject, load);
      stage.observer().phase("the peak");
      return subject.turn(load.shape(), PEAK_NANOS).rate();
    }
  }

  private RowResult soak(Server server, Workload workload, double peak, Versions versions)
      throws IOException, InterruptedException, Ended {
    double rate = SHARE_OF_PEAK * peak;
    int connections = Load.FULL.connections();
    try (LoadedServer steady =
            Driver.of(
                LoadGenerator.connect(
                    Subject.options(server, connections, 0, Subject.CHECK_EVERY), workload),
                stage.stop(),
                stage.observer());
        LoadGenerator hasty =
            LoadGenerator.connect(
                Subject.options(server, 1, CANCEL_NANOS, Subject.CHECK_EVERY), workload);
        Clockwork clockwork = new Clockwork()) {
      ResidentMemory memory = ResidentMemory.of(server);
      LoadGenerator.Run cancelled = hasty.start(new OpenLoad(SHARE_CANCELLED * rate).shape());
      clockwork.every(RELOAD_SECONDS, versions::next);
      clockwork.every(SAMPLE_SECONDS, memory::sample);
      stage.observer().phase("soak");
      Measurement seen =
          steady
              .measure(
                  new OpenLoad((1 - SHARE_CANCELLED) * rate).shape(),
                  (long) (minutes * 60 * TimeUnit.SECONDS.toNanos(1)))
              .total();
      Measurement ofCancelled = cancelled.sample();
      cancelled.stop();
      clockwork.check();
      return result(peak, seen, ofCancelled, memory, versions.written());
    }
  }

  private RowResult result(
      double peak, Measurement seen, Measurement cancelled, ResidentMemory memory, int reloads)
      throws Ended {
    List<Double> mebibytes = memory.mebibytesAfter(Math.min(SETTLED_SECONDS, minutes * 60 / 2));
    if (mebibytes.isEmpty()) {
      throw new Ended();
    }
    return new RowResult(
        Baselines.SOAK,
        "%s minutes at 80 %% of the peak, with reloads and cancels".formatted(minutes),
        List.of(
            Figure.of(
                "resident memory, most over least after the first minute",
                Unit.PERCENT,
                List.of(ResidentMemory.riseInPercent(mebibytes)),
                FLAT),
            Figure.of(
                "requests without a right answer",
                Unit.COUNT,
                List.of((double) seen.failed() + seen.wrong()),
                NO_ERRORS),
            Figure.stated("resident memory", Unit.MEBIBYTES, mebibytes),
            Figure.stated("peak", Unit.PER_SECOND, peak),
            Figure.stated("answers", Unit.PER_SECOND, seen.rate()),
            Figure.stated(
                "latency p99", Unit.MICROS, seen.latency().getValueAtPercentile(99) / 1e3),
            Figure.stated("versions loaded", Unit.COUNT, reloads),
            Figure.stated(
                "cancelled requests",
                Unit.COUNT,
                cancelled.outcomes().getOrDefault(Status.Code.DEADLINE_EXCEEDED, 0L))),
        List.of(),
        notes(seen));
  }

  private static List<String> notes(Measurement seen) {
    Map<Status.Code, String> messages = seen.messages();
    return messages.isEmpty() ? List.of() : List.of("errors such as " + messages);
  }
}
