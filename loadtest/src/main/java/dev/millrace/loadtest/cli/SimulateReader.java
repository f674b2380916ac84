// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.Durations;
import dev.millrace.loadtest.simulator.CurveFile;
import dev.millrace.loadtest.simulator.Disturbances;
import dev.millrace.loadtest.simulator.MillraceScheduler;
import dev.millrace.loadtest.simulator.RequestKind;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.ServiceModel;
import dev.millrace.loadtest.simulator.gates.Rivals;
import dev.millrace.loadtest.workload.WorkloadException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Reads the options of a simulation; tells all that is wrong with them at once. */
final class SimulateReader {
  static final int MAX_REPLICAS = 256;

  private static final String NUMBER = "([0-9]*\\.?[0-9]+)";
  private static final Pattern LINE = Pattern.compile("linear:" + NUMBER + "," + NUMBER);
  private static final Pattern PERCENT = Pattern.compile(NUMBER + "\\s*%?");
  private static final double MAX_SECONDS = 24 * 3600;
  private static final int MAX_BATCH = 65_536;

  private final SimulateFlags flags;
  private final Problems problems = new Problems();

  SimulateReader(SimulateFlags flags) {
    this.flags = flags;
  }

  /** By the names that users write. */
  static Map<String, Scheduler.Factory> schedulers() {
    Map<String, Scheduler.Factory> schedulers = new LinkedHashMap<>();
    schedulers.put("ours", MillraceScheduler::auto);
    schedulers.put("greedy", MillraceScheduler::greedy);
    schedulers.putAll(Rivals.byName());
    return schedulers;
  }

  SimulatePlan read() {
    Curves curves =
        problems.read(() -> curves(flags.curve), new Curves(ServiceModel.linear(1, 1), 1));
    double noise = problems.read(() -> percent(flags.noise), 0.0);
    String deadline = flags.slo;
    long slo = deadline == null ? Long.MAX_VALUE : problems.read(() -> nanos(deadline), 1L);
    SimulatedArrivals arrivals =
        problems.read(
            () -> SimulatedArrivals.parse(flags.arrivals),
            new SimulatedArrivals.Poisson(OptionalDouble.of(1)));
    Scheduler.Factory scheduler = schedulers().getOrDefault(flags.scheduler, Rivals.NO_BATCHING);
    problems.require(
        schedulers().containsKey(flags.scheduler),
        "--scheduler: '%s' (expected %s)"
            .formatted(flags.scheduler, String.join(", ", schedulers().keySet())));
    range("--replicas", flags.replicas, MAX_REPLICAS);
    range("--max-batch", flags.maxBatch, MAX_BATCH);
    problems.require(
        flags.seconds > 0 && flags.seconds <= MAX_SECONDS,
        "--seconds: %s (expected above 0, at most %.0f)".formatted(flags.seconds, MAX_SECONDS));
    double rate = rate(arrivals);
    search(slo, arrivals);
    problems.check();
    List<RequestKind> kinds =
        IntStream.range(0, curves.shapes())
            .mapToObj(shape -> RequestKind.within(slo).ofShape(shape))
            .toList();
    return new SimulatePlan(
        Disturbances.noise(curves.service(), noise),
        kinds,
        arrivals,
        rate,
        slo,
        flags.replicas,
        flags.maxBatch,
        flags.seconds,
        scheduler,
        flags.scheduler,
        flags.seed);
  }

  private void range(String option, int value, int most) {
    problems.require(
        value >= 1 && value <= most, "%s: %d (expected 1..%d)".formatted(option, value, most));
  }

  private double rate(SimulatedArrivals arrivals) {
    OptionalDouble written = arrivals.givenRate();
    Double rate = flags.rate;
    if (rate == null) {
      problems.require(
          written.isPresent() || flags.findRate || !arrivals.isRated(),
          "no rate (expected --rate 1500, or one with the arrivals, like --arrivals poisson:1500)");
      return written.orElse(Double.NaN);
    }
    problems.require(rate > 0 && rate <= 1e9, "--rate: %s (expected above 0)".formatted(rate));
    problems.require(
        written.isEmpty() && arrivals.isRated(),
        "--rate: --arrivals %s says already when requests come".formatted(flags.arrivals));
    return rate;
  }

  private void search(long slo, SimulatedArrivals arrivals) {
    if (flags.findRate || flags.findReplicas) {
      problems.require(
          slo != Long.MAX_VALUE, "no --slo (expected one with --find-rate and --find-replicas)");
      problems.require(
          !(flags.findRate && flags.findReplicas),
          "--find-rate and --find-replicas: (expected one)");
    }
    if (flags.findRate) {
      problems.require(
          arrivals.isRated(),
          "--find-rate: --arrivals %s has one rate only (expected poisson, mmpp or drift)"
              .formatted(flags.arrivals));
    }
  }

  private record Curves(ServiceModel service, int shapes) {}

  private static Curves curves(String text) {
    if (!text.startsWith("linear:")) {
      var curves = CurveFile.read(Path.of(text));
      return new Curves(curves, curves.curves().size());
    }
    Matcher matcher = LINE.matcher(text);
    if (!matcher.matches()
        || Double.parseDouble(matcher.group(1)) + Double.parseDouble(matcher.group(2)) <= 0) {
      throw new WorkloadException(
          "--model-curve: '%s' (expected linear:ALPHA,BETA in microseconds, like linear:5070,1050, or a file)"
              .formatted(text));
    }
    return new Curves(
        ServiceModel.linear(
            1000 * Double.parseDouble(matcher.group(1)),
            1000 * Double.parseDouble(matcher.group(2))),
        1);
  }

  private static double percent(String text) {
    Matcher matcher = PERCENT.matcher(text);
    if (matcher.matches() && Double.parseDouble(matcher.group(1)) <= 100) {
      return Double.parseDouble(matcher.group(1)) / 100;
    }
    throw new WorkloadException("--noise: '%s' (expected 0%% to 100%%)".formatted(text));
  }

  private static long nanos(String text) {
    return Math.round(Durations.seconds("--slo", text) * 1e9);
  }
}
