// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

/**
 * How much slower everything runs than when it was learned; shared by all curves of a model. When
 * neighbours arrive on a machine, or leave it, every curve is right again as soon as this is.
 *
 * <p>Two ways lead to it: small deviations pull it slowly, and {@link #STREAK} large ones in a row,
 * all on one side, are believed at once. A pause of a collector or of the operating system is one
 * large deviation, perhaps two.
 */
final class MachineSpeed {
  /** What one sample moves: the average of the last hundred or so. */
  private static final double WEIGHT = 1.0 / 64;

  /** As many pauses in a row do not happen, and as many batches are soon run. */
  private static final int STREAK = 8;

  private double logFactor;
  private int streak;
  private double streakSum;

  /** Time now, in units of the time when the curves were learned. */
  double factor() {
    return Math.exp(logFactor);
  }

  /**
   * A batch has run.
   *
   * @param logRatio natural logarithm of actual over predicted time
   * @param usual how large it usually is, at most
   */
  void deviated(double logRatio, double usual) {
    if (Math.abs(logRatio) <= usual) {
      streak = 0;
      streakSum = 0;
      logFactor += logRatio * WEIGHT;
      return;
    }
    if (streakSum * logRatio < 0) {
      streak = 0;
      streakSum = 0;
    }
    streak++;
    streakSum += logRatio;
    if (streak >= STREAK) {
      logFactor += streakSum / streak;
      streak = 0;
      streakSum = 0;
    } else {
      logFactor += Math.copySign(usual, logRatio) * WEIGHT;
    }
  }
}
