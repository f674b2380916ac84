// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.SplittableRandom;

/**
 * What keeps real runs from taking their mean. Each wraps a service model and leaves its mean
 * alone: whoever plans with the mean is surprised as it would be in reality.
 */
public final class Disturbances {
  private Disturbances() {}

  /**
   * Run times vary at random, lognormally, about the same mean.
   *
   * @param cv standard deviation over mean, such as 0.1; 0 changes nothing
   */
  public static ServiceModel noise(ServiceModel service, double cv) {
    if (cv == 0) {
      return service;
    }
    double variance = Math.log1p(cv * cv);
    double sigma = Math.sqrt(variance);
    return wrap(
        service,
        (now, shape, rows, random) ->
            service.runNanos(now, shape, rows, random)
                * Math.exp(sigma * random.nextGaussian() - variance / 2));
  }

  /** The whole machine stands still now and then, as in a collection of garbage. */
  public static ServiceModel pauses(ServiceModel service, long everyNanos, long lengthNanos) {
    return wrap(
        service,
        (now, shape, rows, random) ->
            stretched(now, service.runNanos(now, shape, rows, random), everyNanos, lengthNanos));
  }

  /**
   * How much of the time until then such a machine does not stand still: what runs from one moment
   * to another takes as long as this grows in between.
   */
  public static long working(long nowNanos, long everyNanos, long lengthNanos) {
    long working = everyNanos - lengthNanos;
    return Math.floorDiv(nowNanos, everyNanos) * working
        + Math.min(Math.floorMod(nowNanos, everyNanos), working);
  }

  /** A run and the pauses that begin in it, or in which it begins. */
  private static double stretched(long now, double run, long every, long length) {
    long intoPeriod = Math.floorMod(now, every);
    // pauses end a period: none at the beginning of time, where tests look
    double untilPause = every - length - intoPeriod;
    double end = 0;
    double left = run;
    if (untilPause < 0) {
      end = length + untilPause;
      untilPause = end + every - length;
    }
    while (end + left > untilPause) {
      left -= untilPause - end;
      end = untilPause + length;
      untilPause += every;
    }
    return end + left;
  }

  /**
   * From a time on, counted from the beginning of the run, everything takes so many times as long.
   */
  public static ServiceModel slowdown(ServiceModel service, long afterNanos, double factor) {
    return wrap(
        service,
        (now, shape, rows, random) ->
            service.runNanos(now, shape, rows, random)
                * (now - Simulation.START_NANOS >= afterNanos ? factor : 1));
  }

  @FunctionalInterface
  private interface Run {
    double nanos(long nowNanos, int shape, int rows, SplittableRandom random);
  }

  private static ServiceModel wrap(ServiceModel service, Run run) {
    return new ServiceModel() {
      @Override
      public long nanos(int shape, int rows) {
        return service.nanos(shape, rows);
      }

      @Override
      public double runNanos(long nowNanos, int shape, int rows, SplittableRandom random) {
        return run.nanos(nowNanos, shape, rows, random);
      }

      @Override
      public boolean isShared() {
        return service.isShared();
      }

      @Override
      public double together(int running) {
        return service.together(running);
      }
    };
  }
}
