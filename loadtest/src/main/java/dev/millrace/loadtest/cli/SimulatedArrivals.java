// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.ArrivalSchedule;
import dev.millrace.loadtest.load.ArrivalSpec;
import dev.millrace.loadtest.simulator.Clients;
import dev.millrace.loadtest.simulator.RandomArrivals;
import dev.millrace.loadtest.simulator.Workload;
import dev.millrace.loadtest.workload.WorkloadException;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** When simulated requests come, as users write it. */
sealed interface SimulatedArrivals {
  /** Independent of each other. */
  record Poisson(OptionalDouble rate) implements SimulatedArrivals {}

  /** Calm and bursts of so many times the calm rate. */
  record Bursts(double factor, OptionalDouble rate) implements SimulatedArrivals {}

  /** Clustered, at a rate that wanders. */
  record Drift(OptionalDouble rate) implements SimulatedArrivals {}

  /** So many in flight. */
  record Closed(int inFlight) implements SimulatedArrivals {}

  /** As in a file. */
  record Replayed(ArrivalSpec spec) implements SimulatedArrivals {}

  Pattern FORM = Pattern.compile("(poisson|drift|mmpp|closed|file)(?::(.*))?");

  // without a deadline to measure them by: as for one of 50 ms
  double USUAL_SLO_SECONDS = 0.05;
  double DRIFT = 0.3;

  /**
   * Reads what follows {@code --arrivals}.
   *
   * @throws WorkloadException if it has no such form, or a file cannot be read
   */
  static SimulatedArrivals parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw unexpected(text);
    }
    String rest = matcher.group(2);
    return switch (matcher.group(1)) {
      case "poisson" -> new Poisson(rate(text, rest));
      case "drift" -> new Drift(rate(text, rest));
      case "mmpp" -> bursts(text, rest == null ? "" : rest);
      case "closed" -> new Closed((int) number(text, rest == null ? "" : rest, 1, 1_000_000));
      default -> {
        if (rest == null || rest.isEmpty()) {
          throw unexpected(text);
        }
        yield new Replayed(ArrivalSpec.replay(Path.of(rest)));
      }
    };
  }

  private static SimulatedArrivals bursts(String text, String rest) {
    int comma = rest.indexOf(',');
    return new Bursts(
        number(text, comma < 0 ? rest : rest.substring(0, comma), 1, 1000),
        rate(text, comma < 0 ? null : rest.substring(comma + 1)));
  }

  private static OptionalDouble rate(String text, @Nullable String number) {
    return number == null
        ? OptionalDouble.empty()
        : OptionalDouble.of(number(text, number, Double.MIN_VALUE, 1e9));
  }

  private static double number(String text, String number, double least, double most) {
    try {
      double value = Double.parseDouble(number);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below, as for a number out of range
    }
    throw unexpected(text);
  }

  private static WorkloadException unexpected(String text) {
    return new WorkloadException(
        ("--arrivals: '%s' (expected poisson:RATE, mmpp:FACTOR,RATE, drift:RATE, closed:N or"
                + " file:FILE)")
            .formatted(text));
  }

  /** The rate that was written with it. */
  default OptionalDouble givenRate() {
    return switch (this) {
      case Poisson poisson -> poisson.rate();
      case Bursts bursts -> bursts.rate();
      case Drift drift -> drift.rate();
      case Closed closed -> OptionalDouble.empty();
      case Replayed replayed -> OptionalDouble.empty();
    };
  }

  /** Whether it can be had at any rate. */
  default boolean isRated() {
    return switch (this) {
      case Poisson poisson -> true;
      case Bursts bursts -> true;
      case Drift drift -> true;
      case Closed closed -> false;
      case Replayed replayed -> false;
    };
  }

  default boolean isReplayed() {
    return this instanceof Replayed;
  }

  default Workload.Arrivals at(double rate, long sloNanos) {
    double slo = sloNanos == Long.MAX_VALUE ? USUAL_SLO_SECONDS : sloNanos / 1e9;
    return switch (this) {
      case Poisson poisson -> RandomArrivals.poisson(rate);
      case Bursts bursts -> RandomArrivals.bursts(rate, bursts.factor(), 8 * slo, 32 * slo);
      case Drift drift -> RandomArrivals.drifting(rate, DRIFT, 40 * slo);
      case Closed closed -> seed -> () -> ArrivalSchedule.END;
      case Replayed replayed -> replayed.spec()::schedule;
    };
  }

  default Clients clients() {
    return this instanceof Closed closed ? new Clients.ClosedLoop(closed.inFlight()) : Clients.ONCE;
  }
}
