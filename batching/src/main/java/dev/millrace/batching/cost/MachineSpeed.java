// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

/**
 * How much slower everything runs than when it was learned; shared by all curves of a model. When
 * neighbours arrive on a machine, or leave it, every curve is right again as soon as this is.
 *
 * <p>Two ways lead to it: small deviations pull it slowly, and {@link #STREAK} large ones in a row,
 * all on one side, are believed at once. A pause of a collector or of the operating system is one
 * large deviation of each replica, perhaps two. Nothing makes a run far shorter by accident, so of
 * such runs {@link #SHORT_STREAK} are enough: where predictions are far too long, hardly anything
 * is let in to correct them.
 */
final class MachineSpeed {
  /** What one sample moves: the average of the last hundred or so. */
  private static final double WEIGHT = 1.0 / 64;

  /** As many pauses in a row do not happen, and as many batches are soon run. */
  private static final int STREAK = 8;

  private static final int STREAK_PER_REPLICA = 2;

  private static final int SHORT_STREAK = 2;

  /** As a logarithm: to less than two thirds of what was predicted. */
  private static final double FAR_SHORTER = -Math.log(1.5);

  private int enough = STREAK;
  private double logFactor;
  private int streak;
  private double streakSum;
  private int farShorter;

  /** Time now, in units of the time when the curves were learned. */
  double factor() {
    return Math.exp(logFactor);
  }

  /** So many batches run at a time, and all of them meet the same pause. */
  void running(int replicas) {
    enough = Math.max(STREAK, STREAK_PER_REPLICA * replicas);
  }

  /** Everything takes longer by a factor than was believed, of which the logarithm is given. */
  void shift(double logRatio) {
    logFactor += logRatio;
  }

  /**
   * A batch has run.
   *
   * @param logRatio natural logarithm of actual over predicted time
   * @param usual how large it usually is, at most
   * @return whether everything is believed to be faster or slower from now on
   */
  boolean deviated(double logRatio, double usual) {
    if (Math.abs(logRatio) <= usual) {
      streak = 0;
      streakSum = 0;
      farShorter = 0;
      logFactor += logRatio * WEIGHT;
      return false;
    }
    farShorter = logRatio < Math.min(FAR_SHORTER, -2 * usual) ? farShorter + 1 : 0;
    if (streakSum * logRatio < 0) {
      streak = 0;
      streakSum = 0;
    }
    streak++;
    streakSum += logRatio;
    if (streak >= enough || farShorter >= SHORT_STREAK) {
      logFactor += streakSum / streak;
      streak = 0;
      streakSum = 0;
      farShorter = 0;
      return true;
    }
    logFactor += Math.copySign(usual, logRatio) * WEIGHT;
    return false;
  }
}
