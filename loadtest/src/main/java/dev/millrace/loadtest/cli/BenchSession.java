// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.cli.BenchPlan.Question;
import dev.millrace.loadtest.load.Comparison;
import dev.millrace.loadtest.load.LoadShape;
import dev.millrace.loadtest.load.LoadedServer;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Overload;
import dev.millrace.loadtest.load.Peak;
import dev.millrace.loadtest.load.PeakSearch;
import dev.millrace.loadtest.load.Slo;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.report.Findings;
import dev.millrace.loadtest.workload.Variant;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Carries out one {@link BenchPlan}. Used by one thread, once. */
final class BenchSession {
  // a median needs no more
  private static final long HALF_PEAK_NANOS = TimeUnit.SECONDS.toNanos(3);

  private final BenchPlan plan;
  private final Servers servers;
  private final Stop stop;
  private final Runnable onMeasuring;
  private final Observer observer;
  private final List<String> notes = new ArrayList<>();

  BenchSession(
      BenchPlan plan, Servers servers, Stop stop, Runnable onMeasuring, Observer observer) {
    this.plan = plan;
    this.servers = servers;
    this.stop = stop;
    this.onMeasuring = onMeasuring;
    this.observer = observer;
  }

  /** What a reader should know, a line each; complete after {@link #run}. */
  List<String> notes() {
    return notes;
  }

  /**
   * Measures.
   *
   * @return what was found; empty if the user ended it before there was anything
   * @throws IOException if a server cannot be reached
   */
  Optional<Findings> run() throws IOException, InterruptedException {
    Workload workload = plan.mixed(servers.workload(plan.target(), plan.workload()));
    try {
      return answer(workload);
    } finally {
      observer.phase("");
    }
  }

  private Optional<Findings> answer(Workload workload) throws IOException, InterruptedException {
    return switch (plan.question()) {
      case Question.HowFast howFast -> howFast(workload);
      case Question.Peak peak -> highest(workload, peak.slo());
      case Question.Overload overload -> overloaded(workload, overload);
      case Question.Against against -> compared(workload, against.other(), against.rounds());
    };
  }

  private Optional<Findings> howFast(Workload workload) throws IOException, InterruptedException {
    try (LoadedServer server = connect(plan.target(), workload, plan.deadlineNanos())) {
      if (!warmUp(server, plan.shape())) {
        return Optional.empty();
      }
      observer.phase("measuring");
      return Optional.of(new Findings.Plain(server.measure(plan.shape(), plan.durationNanos())));
    }
  }

  private Optional<Findings> highest(Workload workload, Slo slo)
      throws IOException, InterruptedException {
    try (LoadedServer server = connect(plan.target(), workload, plan.deadlineNanos())) {
      return warmUp(server, plan.closedLoop())
          ? Optional.of(new Findings.Highest(search(server, slo)))
          : Optional.empty();
    }
  }

  private Peak search(LoadedServer server, Slo slo) throws InterruptedException {
    return new PeakSearch(
            slo, plan.closedLoop(), plan::openLoop, plan.durationNanos(), stop, observer)
        .run(server);
  }

  private Optional<Findings> overloaded(Workload workload, Question.Overload question)
      throws IOException, InterruptedException {
    Optional<Peak> search = Optional.empty();
    double peak;
    long deadlineNanos = plan.deadlineNanos();
    try (LoadedServer server = connect(plan.target(), workload, deadlineNanos)) {
      if (!warmUp(server, plan.closedLoop())) {
        return Optional.empty();
      }
      if (question.peak().isPresent()) {
        peak = question.peak().getAsDouble();
      } else {
        Peak found = search(server, question.slo());
        search = Optional.of(found);
        peak = rate(found);
      }
      if (stop.isAsked() || peak == 0) {
        return search.map(Findings.Highest::new);
      }
      if (deadlineNanos == 0) {
        deadlineNanos = chooseDeadline(server, peak);
      }
    }
    // the deadline belongs to a connection
    try (LoadedServer server = connect(plan.target(), workload, deadlineNanos)) {
      Overload overload =
          Overload.run(
              server, peak, deadlineNanos, plan::openLoop, plan.durationNanos(), stop, observer);
      return Optional.of(new Findings.Overloaded(search, overload));
    }
  }

  private double rate(Peak found) {
    return found
        .confirmed()
        .map(trial -> trial.offered())
        .orElseGet(
            () -> {
              notes.add("no rate met the goal, so what a closed loop reaches counts as the peak");
              return found.closedLoop().rate();
            });
  }

  private long chooseDeadline(LoadedServer server, double peak) throws InterruptedException {
    observer.phase("half the peak, to choose a deadline");
    long nanos =
        Overload.defaultDeadlineNanos(
            server.measure(plan.openLoop(peak / 2), HALF_PEAK_NANOS).total());
    notes.add(
        String.format(
            Locale.ROOT,
            "no --deadline was given; %.2f ms is 5 times the median at half the peak,"
                + " or twice the p99 there if that is longer",
            nanos / 1e6));
    return nanos;
  }

  private Optional<Findings> compared(Workload workload, Target other, int rounds)
      throws IOException, InterruptedException {
    // each from the server's own metadata: the other may name its tensors in another way
    Workload ofOther = plan.mixed(servers.workload(other, plan.workload()));
    if (!sameRequests(workload, ofOther)) {
      notes.add("the models differ in their metadata, so the requests to A and B differ");
    }
    try (LoadedServer a = connect(plan.target(), workload, plan.deadlineNanos());
        LoadedServer b = connect(other, ofOther, plan.deadlineNanos())) {
      onMeasuring.run();
      Comparison comparison =
          Comparison.run(
              a, b, plan.shape(), plan.warmUp(), rounds, plan.durationNanos(), stop, observer);
      return comparison.a().isEmpty()
          ? Optional.empty()
          : Optional.of(
              new Findings.Compared(plan.target().toString(), other.toString(), comparison));
    }
  }

  private static boolean sameRequests(Workload a, Workload b) {
    List<Variant> ofA = a.variants();
    List<Variant> ofB = b.variants();
    boolean same = ofA.size() == ofB.size();
    for (int i = 0; same && i < ofA.size(); i++) {
      same = Arrays.equals(ofA.get(i).message(), ofB.get(i).message());
    }
    return same;
  }

  private LoadedServer connect(Target target, Workload workload, long deadlineNanos)
      throws IOException, InterruptedException {
    return servers.connect(plan.options(target, deadlineNanos), workload, stop, observer);
  }

  /** Returns whether to go on. */
  private boolean warmUp(LoadedServer server, LoadShape shape) throws InterruptedException {
    onMeasuring.run();
    observer.phase("warm-up");
    server.warmUp(shape, plan.warmUp());
    return !stop.isAsked();
  }
}
