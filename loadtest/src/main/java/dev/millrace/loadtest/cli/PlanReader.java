// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.cli.BenchPlan.Load;
import dev.millrace.loadtest.cli.BenchPlan.Question;
import dev.millrace.loadtest.load.ArrivalPattern;
import dev.millrace.loadtest.load.ArrivalSpec;
import dev.millrace.loadtest.load.Durations;
import dev.millrace.loadtest.load.LoadGenerator;
import dev.millrace.loadtest.load.Slo;
import dev.millrace.loadtest.load.WarmUp;
import dev.millrace.loadtest.workload.DataSource;
import dev.millrace.loadtest.workload.DeadlineShare;
import dev.millrace.loadtest.workload.ModelShare;
import dev.millrace.loadtest.workload.ShapeChoice;
import dev.millrace.loadtest.workload.WorkloadException;
import dev.millrace.loadtest.workload.WorkloadSpec;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Reads arguments into a {@link BenchPlan}, and finds everything that is wrong with them. */
final class PlanReader {
  private static final long DEFAULT_DURATION_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final WarmUp AUTO =
      new WarmUp.UntilStable(TimeUnit.SECONDS.toNanos(1), TimeUnit.SECONDS.toNanos(30));
  private static final int MAX_CONNECTIONS = 10_000;
  private static final int MAX_IN_FLIGHT = 100_000;

  private final LoadFlags load;
  private final RequestFlags requests;
  private final ModeFlags mode;
  private final Problems problems = new Problems();

  PlanReader(LoadFlags load, RequestFlags requests, ModeFlags mode) {
    this.load = load;
    this.requests = requests;
    this.mode = mode;
  }

  /**
   * Reads.
   *
   * @throws UsageException with all that is wrong
   */
  BenchPlan read(String server, List<String> models, OutputFlags output) {
    Target target = problems.read(() -> Target.parse(server), new Target("", 0));
    ranges();
    combinations();
    output.check(problems);
    Optional<ArrivalSpec> arrivals = problems.read(this::arrivals, Optional.empty());
    ArrivalPattern pattern = problems.read(this::pattern, new ArrivalPattern.Poisson());
    long duration = problems.read(() -> durationNanos(arrivals), 0L);
    WarmUp warmUp = problems.read(this::warmUp, AUTO);
    List<DeadlineShare> deadlines = problems.read(this::deadlines, List.of());
    problems.require(
        deadlines.size() < 2 || !mode.overload, "--overload: not with several deadlines");
    Question question = problems.read(this::question, new Question.HowFast());
    Optional<WorkloadSpec> workload =
        problems.read(() -> Optional.of(workload(models)), Optional.empty());
    problems.check();
    return new BenchPlan(
        target,
        workload.orElseThrow(),
        new Load(
            load.connections, load.inFlight(), load.eventLoops(), requests.checkEvery(), load.seed),
        question instanceof Question.Overload ? Optional.empty() : arrivals,
        pattern,
        duration,
        warmUp,
        deadlines,
        question,
        ShownOptions.of(models, load, requests, mode));
  }

  private void ranges() {
    range("--connections", load.connections, 1, MAX_CONNECTIONS);
    range("--in-flight", load.inFlight(), 1, MAX_IN_FLIGHT);
    // against nonsense of the connections, a complaint about loops would be a second one
    range("--event-loops", load.eventLoops(), 1, Math.max(1, load.connections));
    range("--rounds", mode.rounds(), 1, 1000);
    if (requests.checkEvery != null) {
      range("--check-every", requests.checkEvery, 1, Integer.MAX_VALUE);
    }
  }

  private void range(String option, int value, int min, int max) {
    problems.require(
        value >= min && value <= max,
        "%s: %d (expected %d..%d)".formatted(option, value, min, max));
  }

  private void combinations() {
    List<String> openLoop = load.openLoop();
    boolean searches = mode.findPeak || mode.overload;
    problems.require(openLoop.size() < 2, "--rate and --replay: both (expected one of them)");
    for (String option : openLoop) {
      problems.require(
          load.inFlight == null || mode.overload,
          "--in-flight: not with %s (an open loop sends when it is time)".formatted(option));
      problems.require(
          !mode.findPeak, "--find-peak: not with %s (it chooses rates itself)".formatted(option));
    }
    problems.require(load.replay == null || !mode.overload, "--overload: not with --replay");
    problems.require(
        load.arrivals == null || load.rate != null || searches,
        "--arrivals: only with --rate, --find-peak or --overload");
    problems.require(mode.slo == null || searches, "--slo: only with --find-peak or --overload");
    problems.require(
        mode.against == null || !searches, "--against: not with --find-peak or --overload");
    problems.require(mode.rounds == null || mode.against != null, "--rounds: only with --against");
    problems.require(
        requests.checkEvery == null || requests.checks(),
        "--check-every: only with --expect or --agree");
  }

  private Optional<ArrivalSpec> arrivals() {
    if (load.replay != null) {
      return Optional.of(ArrivalSpec.replay(path("--replay", load.replay)));
    }
    if (load.rate == null) {
      return Optional.empty();
    }
    return Optional.of(
        ArrivalSpec.parse(load.rate, load.arrivals().orElse("poisson"), Double.POSITIVE_INFINITY));
  }

  private ArrivalPattern pattern() {
    // with a rate it is read, and complained about, along with that
    return load.rate == null
        ? ArrivalPattern.parse(load.arrivals().orElse("poisson"))
        : new ArrivalPattern.Poisson();
  }

  /**
   * What the user said; else until a schedule ends, which a server that does not answer must not
   * put off for ever; else the default.
   */
  private long durationNanos(Optional<ArrivalSpec> arrivals) {
    double seconds = arrivals.map(ArrivalSpec::seconds).orElse(Double.POSITIVE_INFINITY);
    long otherwise =
        seconds < Double.POSITIVE_INFINITY
            ? Math.round((seconds + LoadGenerator.LAST_ANSWERS_SECONDS) * 1e9)
            : DEFAULT_DURATION_NANOS;
    return nanos("--duration", load.duration, otherwise);
  }

  private WarmUp warmUp() {
    return switch (load.warmUp) {
      case "auto" -> AUTO;
      case "0", "0s", "none" -> new WarmUp.For(0);
      default -> new WarmUp.For(nanos("--warm-up", load.warmUp, 0));
    };
  }

  private List<DeadlineShare> deadlines() {
    return load.deadline == null ? List.of() : Deadlines.parse(load.deadline);
  }

  private Question question() {
    Slo slo = mode.slo == null ? Slos.DEFAULT : Slos.parse(mode.slo);
    if (mode.overload) {
      return new Question.Overload(slo, givenPeak());
    }
    if (mode.findPeak) {
      return new Question.Peak(slo);
    }
    return mode.against == null
        ? new Question.HowFast()
        : new Question.Against(Target.parse(mode.against), mode.rounds());
  }

  private OptionalDouble givenPeak() {
    if (load.rate == null) {
      return OptionalDouble.empty();
    }
    try {
      return OptionalDouble.of(Double.parseDouble(load.rate));
    } catch (NumberFormatException e) {
      throw new WorkloadException(
          "--rate: '%s' (expected the peak, a number, with --overload)".formatted(load.rate));
    }
  }

  private WorkloadSpec workload(List<String> models) {
    return new WorkloadSpec(
        models.stream().map(ModelShare::parse).toList(),
        DataSource.parse(requests.data),
        requests.rows,
        requests.shapes.stream().flatMap(text -> ShapeChoice.parse(text).stream()).toList(),
        Optional.ofNullable(requests.expect).map(file -> path("--expect", file)),
        requests.agree,
        requests.tolerance,
        load.seed);
  }

  private static Path path(String option, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new WorkloadException("%s: '%s' (expected a file)".formatted(option, text), e);
    }
  }

  private static long nanos(String option, @Nullable String text, long otherwise) {
    return text == null ? otherwise : Math.round(Durations.seconds(option, text) * 1e9);
  }
}
