// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Two versions on one machine that stalls now and then: requests come at random, what they take is
 * spread as a lognormal law has it, and whatever runs or comes meanwhile ends when the stall is
 * over. A stall is of the whole machine or, as often, of the core that one of the two runs on.
 */
final class SimulatedMachine {
  private static final double LOOK_SECONDS = 0.1;

  private final SplittableRandom random;
  private final double medianMillis;
  private final double spread;
  private final double secondsBetweenStalls;
  private final Step step = new Step();
  private final List<double[]> stalls = new ArrayList<>();
  private final List<double[]> stallsOfStable = new ArrayList<>();
  private double seconds;
  private double nextStall;

  /**
   * @param spread standard deviation of the logarithm of the times
   * @param secondsBetweenStalls on average; infinite for none
   */
  SimulatedMachine(long seed, double medianMillis, double spread, double secondsBetweenStalls) {
    this.random = new SplittableRandom(seed);
    this.medianMillis = medianMillis;
    this.spread = spread;
    this.secondsBetweenStalls = secondsBetweenStalls;
    this.nextStall = pause(secondsBetweenStalls);
  }

  /** What the stable version did before the rollout, without a stall. */
  SimulatedMachine before(int requests) {
    for (int i = 0; i < requests; i++) {
      step.before().answer(medianMillis * factor());
    }
    return this;
  }

  /**
   * A tenth of a second passes.
   *
   * @param perSecond requests that the candidate gets
   * @param slower its times over those of the stable version
   * @param stablePerSecond requests that the stable version gets
   */
  Seen look(double perSecond, double slower, double stablePerSecond) {
    while (nextStall < seconds + LOOK_SECONDS) {
      // 20 to 500 ms, short ones more often
      double length = 0.02 * Math.pow(25, random.nextDouble());
      double[] stall = {nextStall, nextStall + length};
      int where = random.nextInt(3);
      if (where != 1) {
        stalls.add(stall);
      }
      if (where != 2) {
        stallsOfStable.add(stall);
      }
      nextStall += length + pause(secondsBetweenStalls);
    }
    requests(perSecond, slower, step.candidate(), stalls);
    requests(stablePerSecond, 1, step.stable(), stallsOfStable);
    seconds += LOOK_SECONDS;
    return step.look();
  }

  private void requests(
      double perSecond, double slower, Step.Version version, List<double[]> stallsOfIt) {
    double end = seconds + LOOK_SECONDS;
    for (double at = seconds + pause(1 / perSecond); at < end; at += pause(1 / perSecond)) {
      double millis = medianMillis * slower * factor();
      for (double[] stall : stallsOfIt) {
        if (at < stall[1] && at + millis / 1000 > stall[0]) {
          millis += (stall[1] - Math.max(at, stall[0])) * 1000;
        }
      }
      version.answer(millis);
    }
  }

  private double factor() {
    return Math.exp(spread * random.nextGaussian());
  }

  private double pause(double mean) {
    return -mean * Math.log(1 - random.nextDouble());
  }
}
