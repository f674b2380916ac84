// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import dev.millrace.loadtest.load.ArrivalSchedule;
import dev.millrace.loadtest.load.ArrivalSpec;
import dev.millrace.loadtest.load.RateProfile;
import dev.millrace.loadtest.load.Stretch;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Processes of arrivals. Rates are means in requests per second; none of them ends. */
public final class RandomArrivals {
  /** Longer than anybody simulates; endless ramps do not exist. */
  private static final double FOR_EVER_SECONDS = 1e9;

  private RandomArrivals() {}

  /** Independent of each other, at the same rate throughout. */
  public static Workload.Arrivals poisson(double rate) {
    return poisson(List.of(new Stretch(FOR_EVER_SECONDS, rate, rate)));
  }

  /** Independent of each other, at a rate that changes. */
  public static Workload.Arrivals poisson(List<Stretch> stretches) {
    RateProfile profile = new RateProfile(stretches);
    return seed -> ArrivalSpec.poisson(profile).schedule(seed);
  }

  /** A steady rate, a time of overload, the steady rate again. */
  public static Workload.Arrivals overload(
      double rate, double beforeSeconds, double overloadRate, double seconds) {
    return poisson(
        List.of(
            new Stretch(beforeSeconds, rate, rate),
            new Stretch(seconds, overloadRate, overloadRate),
            new Stretch(FOR_EVER_SECONDS, rate, rate)));
  }

  /** Days: up from a tenth of a rate to 110 % of it and down again. */
  public static Workload.Arrivals diurnal(double rate, double daySeconds, int days) {
    List<Stretch> stretches = new ArrayList<>();
    for (int day = 0; day < days; day++) {
      stretches.add(new Stretch(daySeconds / 2, 0.1 * rate, 1.1 * rate));
      stretches.add(new Stretch(daySeconds / 2, 1.1 * rate, 0.1 * rate));
    }
    return poisson(stretches);
  }

  /**
   * Bursts: a Poisson process whose rate is low or {@code factor} times as high, each for a time
   * that is exponential (MMPP-2).
   *
   * @param rate the mean over both
   */
  public static Workload.Arrivals bursts(
      double rate, double factor, double burstSeconds, double calmSeconds) {
    double calmRate = rate * (burstSeconds + calmSeconds) / (factor * burstSeconds + calmSeconds);
    return seed -> {
      SplittableRandom random = new SplittableRandom(seed);
      return new Warped(
          random.split()::nextExponential,
          new Epochs() {
            private boolean burst = true;

            @Override
            public void next() {
              burst = !burst;
            }

            @Override
            public double rate() {
              return burst ? factor * calmRate : calmRate;
            }

            @Override
            public double seconds() {
              return random.nextExponential() * (burst ? burstSeconds : calmSeconds);
            }
          });
    };
  }

  /**
   * As functions are called in a cloud: gaps are gamma with a coefficient of variation of 2, so
   * that requests cluster, and the rate drifts: each epoch's is lognormal about the mean and
   * remembers 80 % of the one before.
   *
   * @param spread standard deviation of the rate's logarithm
   */
  public static Workload.Arrivals drifting(double rate, double spread, double epochSeconds) {
    double cv = 2;
    double shape = 1 / (cv * cv);
    double memory = 0.8;
    return seed -> {
      SplittableRandom random = new SplittableRandom(seed);
      SplittableRandom gaps = random.split();
      return new Warped(
          () -> gamma(gaps, shape) / shape,
          new Epochs() {
            private double drift = spread * random.nextGaussian();

            @Override
            public void next() {
              drift =
                  memory * drift + Math.sqrt(1 - memory * memory) * spread * random.nextGaussian();
            }

            @Override
            public double rate() {
              return rate * Math.exp(drift - spread * spread / 2);
            }

            @Override
            public double seconds() {
              return epochSeconds;
            }
          });
    };
  }

  /** Gamma of scale 1 after Marsaglia and Tsang (2000), with their power of a uniform below 1. */
  static double gamma(SplittableRandom random, double shape) {
    if (shape < 1) {
      return gamma(random, shape + 1) * Math.pow(random.nextDouble(), 1 / shape);
    }
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double x = random.nextGaussian();
      double v = Math.pow(1 + c * x, 3);
      if (v > 0 && Math.log(random.nextDouble()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
        return d * v;
      }
    }
  }

  /** Times of one rate each. */
  private interface Epochs {
    void next();

    double rate();

    double seconds();
  }

  /** Gaps of a process. */
  @FunctionalInterface
  private interface Gaps {
    /** A gap of mean 1. */
    double next();
  }

  /** A process of rate 1, run faster or slower as epochs say. */
  private static final class Warped implements ArrivalSchedule {
    private final Gaps gaps;
    private final Epochs epochs;
    private double seconds;
    private double epochEnd;

    Warped(Gaps gaps, Epochs epochs) {
      this.gaps = gaps;
      this.epochs = epochs;
      this.epochEnd = epochs.seconds();
    }

    @Override
    public long nextNanos() {
      double left = gaps.next();
      while (left > (epochEnd - seconds) * epochs.rate()) {
        left -= (epochEnd - seconds) * epochs.rate();
        seconds = epochEnd;
        epochs.next();
        epochEnd += epochs.seconds();
      }
      seconds += left / epochs.rate();
      return Math.round(seconds * 1e9);
    }
  }
}
