// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleFunction;

/**
 * Searches the highest rate at which a server meets a goal, with requests that arrive at random.
 *
 * <p>A closed loop gives an estimate, short runs narrow it down ({@link Bracket}), and a longer one
 * confirms what they found. Where it does not, a slightly lower rate is tried.
 */
public final class PeakSearch {
  // finer than two runs on a shared machine agree
  private static final double TOLERANCE = 0.03;
  private static final int MAX_TRIALS = 12;
  private static final int MAX_CONFIRMATIONS = 4;
  private static final long TRIAL_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final long MAX_TRIAL_NANOS = TimeUnit.SECONDS.toNanos(15);
  // of a trial: fewer do not make a 99th percentile
  private static final double MIN_REQUESTS = 500;

  private final Slo slo;
  private final LoadShape closedLoop;
  private final DoubleFunction<LoadShape> openLoop;
  private final long confirmNanos;
  private final Stop stop;
  private final Observer observer;

  /**
   * @param closedLoop the load that gives the estimate
   * @param openLoop load of a rate, in requests per second
   * @param confirmNanos length of the run that confirms the result
   */
  public PeakSearch(
      Slo slo,
      LoadShape closedLoop,
      DoubleFunction<LoadShape> openLoop,
      long confirmNanos,
      Stop stop,
      Observer observer) {
    this.slo = slo;
    this.closedLoop = closedLoop;
    this.openLoop = openLoop;
    this.confirmNanos = confirmNanos;
    this.stop = stop;
    this.observer = observer;
  }

  /** Searches. Expects a server that is warm. */
  public Peak run(LoadedServer server) throws InterruptedException {
    observer.phase("closed loop, for an estimate");
    Measurement estimate = server.measure(closedLoop, TRIAL_NANOS).total();
    List<Trial> trials = new ArrayList<>();
    if (estimate.ok() == 0) {
      return new Peak(slo, estimate, trials, Optional.empty());
    }
    Bracket bracket = new Bracket(estimate.rate(), TOLERANCE);
    OptionalDouble next = bracket.next();
    while (next.isPresent() && trials.size() < MAX_TRIALS && !stop.isAsked()) {
      Trial trial = trial(server, next.getAsDouble(), trialNanos(next.getAsDouble()));
      // a run that was cut short says nothing
      if (!stop.isAsked()) {
        trials.add(trial);
        bracket.result(trial.isMet());
      }
      next = bracket.next();
    }
    return new Peak(slo, estimate, trials, confirm(server, bracket.best(), trials));
  }

  private Optional<Trial> confirm(LoadedServer server, OptionalDouble best, List<Trial> trials)
      throws InterruptedException {
    if (best.isEmpty()) {
      return Optional.empty();
    }
    double rate = best.getAsDouble();
    for (int i = 0; i < MAX_CONFIRMATIONS && !stop.isAsked(); i++) {
      Trial trial = trial(server, rate, Math.max(confirmNanos, trialNanos(rate)));
      if (!stop.isAsked()) {
        trials.add(trial);
        if (trial.isMet()) {
          return Optional.of(trial);
        }
      }
      rate /= 1 + TOLERANCE;
    }
    return Optional.empty();
  }

  private Trial trial(LoadedServer server, double rate, long nanos) throws InterruptedException {
    String offered = String.format(Locale.ROOT, "%,.0f/s", rate);
    observer.phase(offered);
    Measurement measurement = server.measure(openLoop.apply(rate), nanos).total();
    Trial trial = new Trial(rate, measurement, slo.missedBy(measurement));
    observer.note(offered + ": " + trial.missed().orElse("meets the goal"));
    return trial;
  }

  private static long trialNanos(double rate) {
    return Math.clamp((long) (MIN_REQUESTS / rate * 1e9), TRIAL_NANOS, MAX_TRIAL_NANOS);
  }
}
