// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

/**
 * How far runs on one device come while others run there: the <i>pace</i> of each, as a share of
 * what it has alone. {@link Curve Curves} are of runs alone; divided by the pace they say how long
 * a run takes in company.
 *
 * <h2>Invariants</h2>
 *
 * <ol>
 *   <li>The pace of one is 1. Nothing that is learned changes it: times alone are the unit.
 *   <li>A pace is above 0, and no more than that of fewer.
 *   <li>Until so many have run together, their pace is guessed: a second one adds a fifth to what
 *       is done, any other nothing. So nothing is promised that has not been seen.
 *   <li>A run tells of the number with which it spent at least half of its time, and of no other.
 *   <li>Runs in the usual company, which most of the last have had, teach curves and no pace; only
 *       runs in another company teach paces. If one run taught both, the two could drift off
 *       together: half the time alone at twice the pace predicts the same.
 * </ol>
 *
 * <p>So where several at a time are usual, curves are as right as their pace is, in the usual
 * company exactly. Runs alone then tell how wrong the unit is: all paces and all curves are
 * corrected by the same factor, and what is predicted of the usual company stays.
 *
 * <p>Owned by one thread at a time.
 */
final class Sharing {
  /** Runs that are told apart; more at a time do as much as so many. */
  static final int MOST = 8;

  /** What a second run adds before it has been seen. Measured ones add nothing to six tenths. */
  private static final double SECOND_ADDS = 0.2;

  /** Runs by which a pace is known. */
  private static final int ENOUGH = 8;

  /** Runs that weigh in an average at least: older ones are forgotten. */
  private static final int MEMORY = 32;

  /** Runs over which it is found out what company is usual; several times as many as a trial. */
  private static final int USUAL = 64;

  private static final double LEAST = 0.01;

  /** By how much one run moves what is hardly known, and what is known. */
  private static final double MOST_OF_FEW = Math.log(2);

  private static final double MOST_OF_MANY = Math.log(1.5);

  private final double[] pace = new double[MOST + 1];
  private final int[] samples = new int[MOST + 1];

  /** Of the last runs, the share that had so much company, and of what number there were most. */
  private final double[] shares = new double[MOST + 1];

  private int usual = 1;

  Sharing() {
    shares[1] = 1;
  }

  /** How far each of so many comes, as a share of what it would alone. */
  double pace(int running) {
    if (running > MOST) {
      return gain(MOST) / running;
    }
    double least = 1;
    double guess = 1;
    for (int level = 2; level <= running; level++) {
      guess = least * (level - 1) / level * (level == 2 ? 1 + SECOND_ADDS : 1);
      least = samples[level] > 0 ? Math.min(least, pace[level]) : guess;
    }
    return least;
  }

  /** What so many do together, in units of what one does alone. */
  double gain(int running) {
    return running * pace(running);
  }

  /** Whether that has been seen. */
  boolean isKnown(int running) {
    return running <= 1 || (running <= MOST && samples[running] >= ENOUGH);
  }

  /**
   * The pace of a run on average.
   *
   * @param nanosWith the time it spent with so many at a time, itself included, by their number
   */
  double pace(long[] nanosWith) {
    double done = 0;
    double all = 0;
    for (int level = 1; level < nanosWith.length; level++) {
      if (nanosWith[level] > 0) {
        done += nanosWith[level] * pace(level);
        all += nanosWith[level];
      }
    }
    return all > 0 ? done / all : 1;
  }

  /** With how many a run spent at least half of its time; 0 if there is no such number. */
  static int mostlyWith(long[] nanosWith) {
    long all = 0;
    int most = 0;
    for (int level = 1; level < nanosWith.length; level++) {
      all += nanosWith[level];
      most = nanosWith[level] > nanosWith[most] ? level : most;
    }
    return 2 * nanosWith[most] >= all ? most : 0;
  }

  /**
   * A run has ended that is expected to take so long alone.
   *
   * @param nanosWith as for {@link #pace(long[])}
   * @return natural logarithm of what times alone are to be multiplied by from now on; mostly 0
   */
  double observe(long[] nanosWith, double aloneNanos) {
    int level = mostlyWith(nanosWith);
    if (isUsual(nanosWith)) {
      return 0;
    }
    double moved = level == 1 ? unit(nanosWith, aloneNanos) : pace(level, nanosWith, aloneNanos);
    samples[level] = Math.min(samples[level] + 1, MEMORY);
    return moved;
  }

  /** Whether a run tells of curves; else it tells of paces. */
  boolean isUsual(long[] nanosWith) {
    int level = mostlyWith(nanosWith);
    return level == 0 || level == usual;
  }

  /** A run has ended, whatever it tells. */
  void count(long[] nanosWith) {
    int level = mostlyWith(nanosWith);
    if (level == 0) {
      return;
    }
    for (int i = 1; i <= MOST; i++) {
      shares[i] += ((i == level ? 1 : 0) - shares[i]) / USUAL;
      usual = shares[i] > shares[usual] ? i : usual;
    }
  }

  /** A run alone, where company is usual. */
  private double unit(long[] nanosWith, double aloneNanos) {
    double took = 0;
    for (long nanos : nanosWith) {
      took += nanos;
    }
    double moved = believed(1, Math.log(took * pace(nanosWith) / aloneNanos));
    for (int level = 2; level <= MOST; level++) {
      pace[level] = Math.clamp(pace[level] * Math.exp(moved), LEAST, 1);
    }
    return moved;
  }

  /** A run in company that is not the usual one. */
  private double pace(int level, long[] nanosWith, double aloneNanos) {
    double left = aloneNanos;
    for (int other = 1; other < nanosWith.length; other++) {
      left -= other == level ? 0 : nanosWith[other] * pace(other);
    }
    double before = pace(level);
    double seen = Math.clamp(left / nanosWith[level], LEAST, 1);
    pace[level] = before * Math.exp(believed(level, Math.log(seen / before)));
    return 0;
  }

  /** How much of a deviation is believed. What was guessed before counts as one run. */
  private double believed(int level, double logRatio) {
    double most = isKnown(level) ? MOST_OF_MANY : MOST_OF_FEW;
    return Math.clamp(logRatio, -most, most) / Math.min(samples[level] + 2, MEMORY);
  }
}
