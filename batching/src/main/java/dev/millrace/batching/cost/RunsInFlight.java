// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import java.util.ArrayList;
import java.util.List;

/**
 * How many runs of a model one device is given at a time: as many as do most, together and in time,
 * by what is known of their {@link Sharing}.
 *
 * <h2>Invariants</h2>
 *
 * <ol>
 *   <li>The limit is at least 1 and, while it is not tried out, a number whose runs have been seen.
 *   <li>Of numbers that do about the same the smallest is the limit: each run is then over sooner,
 *       and what waits meanwhile makes the next batch larger.
 *   <li>The numbers next to it are tried again for ever: one more and one less, in turn, after 32
 *       runs, 128, 512, and from then on every 1024; for {@value #TRIAL_RUNS} runs, and for {@value
 *       #AGAIN_RUNS} if they were known. A number that does not come to be, since too little waits,
 *       is tried in vain and not waited for.
 *   <li>Without replicas that share a device nothing is limited and nothing is learned.
 * </ol>
 *
 * <p>A trial's runs are predicted by what is guessed for them, so that few of them are late; and
 * their times tell nothing of the curve, which is what they are compared with.
 *
 * <p>Owned by one thread at a time; {@link #report} is for any.
 */
public final class RunsInFlight {
  /** What a device is known to do with one run at a time, with two, and so on. */
  public record Report(int limit, List<Double> gains) {
    /** No device is shared. */
    public static final Report NONE = new Report(Integer.MAX_VALUE, List.of());

    public Report {
      gains = List.copyOf(gains);
    }
  }

  /** Array lengths of {@code nanosWith}: a place for each number of runs that is told apart. */
  public static final int LENGTH = Sharing.MOST + 1;

  /** What a further run has to add: less is not worth that all of them take longer. */
  private static final double WORTHWHILE = 1.03;

  private static final int TRIAL_RUNS = 16;

  /** Of a number that has been known. */
  private static final int AGAIN_RUNS = 8;

  /** Runs of other numbers, after which a trial is given up. */
  private static final int IN_VAIN = 48;

  private static final int FIRST_PAUSE = 32;
  private static final int LAST_PAUSE = 1024;

  private final Sharing sharing = new Sharing();
  private int most = 1;
  private int best = 1;
  private int limit = 1;

  /** How often a number next to the best was tried. */
  private int trials;

  private int pause = FIRST_PAUSE;
  private int untilTrial = FIRST_PAUSE;

  /** Runs that are left of a trial. */
  private int trialRuns;

  private int inVain;

  private volatile Report report = Report.NONE;

  /**
   * So many replicas share a device at most.
   *
   * @param replicas 1 or more
   */
  public void share(int replicas) {
    int shared = Math.min(replicas, Sharing.MOST);
    if (shared != most || report.gains().isEmpty()) {
      most = shared;
      best = Math.min(best, most);
      endTrial(FIRST_PAUSE);
    }
  }

  /** Runs that may be in flight on a device. */
  public int limit() {
    return limit;
  }

  /** How far each comes, with as many as may be in flight, as a share of what it would alone. */
  public double pace() {
    return sharing.pace(limit);
  }

  /** How far a run came, as a share of what it would have come alone. */
  public double pace(long[] nanosWith) {
    return sharing.pace(nanosWith);
  }

  /**
   * Whether a run tells of its curve: if it had the usual company, and where its size has not been
   * seen yet. Else it tells of its company, by the curve. A trial's runs are compared with the
   * curve, and are no part of it.
   *
   * @param alone the curve so far
   */
  public boolean tellsOfCurve(long[] nanosWith, int rows, Curve alone) {
    boolean comparable = alone.isTrusted() && alone.hasSeen(rows);
    return sharing.isUsual(nanosWith) || !alone.isTrusted() || (!comparable && !isTrial());
  }

  /**
   * A run has ended.
   *
   * @param nanosWith the time it spent with so many at a time, itself included, by their number
   * @param alone what is known of runs by themselves
   * @param objectiveNanos time within which answers are wanted; Long.MAX_VALUE if there is none
   * @return natural logarithm of what times alone are to be multiplied by from now on; mostly 0
   */
  public double ran(long[] nanosWith, int rows, Curve alone, long objectiveNanos) {
    boolean comparable = alone.isTrusted() && alone.hasSeen(rows);
    double moved = comparable ? sharing.observe(nanosWith, (double) alone.mean(rows)) : 0;
    sharing.count(nanosWith);
    followTrials(nanosWith, alone, objectiveNanos);
    return moved;
  }

  private void followTrials(long[] nanosWith, Curve alone, long objectiveNanos) {
    if (!isTrial()) {
      if (--untilTrial <= 0 && most > 1 && alone.isTrusted()) {
        beginTrial();
      }
      return;
    }
    if (Sharing.mostlyWith(nanosWith) == limit) {
      trialRuns--;
    } else {
      inVain++;
    }
    if (trialRuns <= 0 || inVain >= IN_VAIN) {
      choose(alone, objectiveNanos);
    }
  }

  private boolean isTrial() {
    return limit != best;
  }

  private void beginTrial() {
    boolean up = best == 1 || (best < most && trials % 2 == 0);
    trials++;
    limit = up ? best + 1 : best - 1;
    trialRuns = sharing.isKnown(limit) ? AGAIN_RUNS : TRIAL_RUNS;
    inVain = 0;
  }

  private void endTrial(int nextPause) {
    pause = nextPause;
    untilTrial = pause;
    limit = best;
    List<Double> gains = new ArrayList<>();
    for (int running = 1; running <= most && sharing.isKnown(running); running++) {
      gains.add(sharing.gain(running));
    }
    report = new Report(best, gains);
  }

  private void choose(Curve alone, long objectiveNanos) {
    double highest = 0;
    for (int running = 1; running <= most; running++) {
      highest = Math.max(highest, throughput(running, alone, objectiveNanos));
    }
    int before = best;
    best = 1;
    while (throughput(best, alone, objectiveNanos) * WORTHWHILE < highest) {
      best++;
    }
    if (best > before) {
      trials = 0; // what has grown may grow further: one more comes first
    }
    endTrial(best == before ? Math.min(LAST_PAUSE, 4 * pause) : FIRST_PAUSE);
  }

  /** Rows per nanosecond of the best batches that can be run again and again; 0 if unknown. */
  private double throughput(int running, Curve alone, long objectiveNanos) {
    if (!sharing.isKnown(running)) {
      return 0;
    }
    int rows = alone.cap();
    if (objectiveNanos != Long.MAX_VALUE) {
      double share = sharing.pace(running) * running / (running + 1);
      int least = running == 1 ? 1 : 0;
      rows = Math.clamp(alone.rowsWithin((long) (objectiveNanos * share)), least, rows);
    }
    return rows == 0 ? 0 : sharing.gain(running) * rows / Math.max(1, alone.mean(rows));
  }

  /** What is known, as of the last trial. Any thread. */
  public Report report() {
    return report;
  }
}
