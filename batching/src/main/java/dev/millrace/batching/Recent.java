// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.CostModel;
import java.util.concurrent.atomic.LongAdder;

/**
 * What a queue has done in the last seconds, forgetting exponentially: for people, who look at
 * longer times than a policy does. After a pause as long as the window it begins anew, so that
 * rates are right soon after traffic has.
 *
 * <p>Written by the leader, which adds to plain fields and folds them into the averages every
 * {@link #FOLD_NANOS} at most; read by any thread. What was added since the last fold is not seen.
 */
final class Recent {
  /** Long enough for models that take a second, short enough to be about now. */
  private static final long WINDOW_NANOS = 5_000_000_000L;

  /** Rarely enough to cost nothing, often enough that what a burst leaves unfolded is little. */
  private static final long FOLD_NANOS = 50_000_000;

  /** Of the window, what has to be behind for a rate to be worth more than this. */
  private static final double LEAST_SEEN = 0.02;

  /** Deadlines are told apart from a microsecond on, in quarters of a doubling. */
  private static final int OBJECTIVE_SHIFT = 10;

  private final LongAdder refusedRows = new LongAdder();
  private long refusedBefore;

  private final Sums added = new Sums();
  private final Sums sums = new Sums();
  private final double[] objectives = new double[CostModel.buckets()];
  private final double[] objectiveNanos = new double[CostModel.buckets()];
  private final double[] rowsByBucket = new double[CostModel.buckets()];
  private long foldedNanos;
  private long activeNanos;
  private double seen;
  private boolean begun;
  private boolean first;

  private volatile Folded published = Folded.NOTHING;

  /** Amounts over the window. */
  private static final class Sums {
    double arrivedRows;
    double deadlineRows;
    double refusedRows;
    double shedRows;
    double batches;
    double loopBatches;
    double chosenRows;
    double queuedRows;
    double waits;
    double busyNanos;

    void fade(double kept) {
      arrivedRows *= kept;
      deadlineRows *= kept;
      refusedRows *= kept;
      shedRows *= kept;
      batches *= kept;
      loopBatches *= kept;
      chosenRows *= kept;
      queuedRows *= kept;
      waits *= kept;
      busyNanos *= kept;
    }

    void add(Sums more) {
      arrivedRows += more.arrivedRows;
      deadlineRows += more.deadlineRows;
      refusedRows += more.refusedRows;
      shedRows += more.shedRows;
      batches += more.batches;
      loopBatches += more.loopBatches;
      chosenRows += more.chosenRows;
      queuedRows += more.queuedRows;
      waits += more.waits;
      busyNanos += more.busyNanos;
    }
  }

  /** The averages as of one moment; immutable. */
  private static final class Folded {
    static final Folded NOTHING = new Folded(0, 0, QueueReport.Lately.NOTHING, new double[0]);

    final long atNanos;

    /** Share of the window that had been seen. */
    final double seen;

    final QueueReport.Lately lately;
    final double[] rowRates;

    Folded(long atNanos, double seen, QueueReport.Lately lately, double[] rowRates) {
      this.atNanos = atNanos;
      this.seen = seen;
      this.lately = lately;
      this.rowRates = rowRates;
    }

    /** What is left of a rate. */
    double fading(long nowNanos) {
      double kept = Math.exp(-(double) Math.max(0, nowNanos - atNanos) / WINDOW_NANOS);
      return kept * Math.max(LEAST_SEEN, seen) / Math.max(LEAST_SEEN, 1 - (1 - seen) * kept);
    }
  }

  /** Rows were turned away at the door. Any thread. */
  void refused(int rows) {
    refusedRows.add(rows);
  }

  void arrived(long arrivalNanos, long deadlineNanos, int rows) {
    if (!begun || arrivalNanos - activeNanos > WINDOW_NANOS) {
      beginAt(arrivalNanos);
    }
    activeNanos = arrivalNanos;
    added.arrivedRows += rows;
    if (deadlineNanos != Long.MAX_VALUE) {
      added.deadlineRows += rows;
      long objective = deadlineNanos - arrivalNanos;
      int bucket = CostModel.bucketOf(objective >> OBJECTIVE_SHIFT);
      objectives[bucket] += rows;
      objectiveNanos[bucket] += (double) rows * objective;
    }
  }

  private void beginAt(long nanos) {
    refusedBefore = begun ? refusedRows.sum() : 0;
    begun = true;
    first = true;
    seen = 0;
    foldedNanos = nanos;
    added.fade(0);
    sums.fade(0);
    fadeTables(0);
  }

  private void fadeTables(double kept) {
    for (int i = 0; i < objectives.length; i++) {
      objectives[i] *= kept;
      objectiveNanos[i] *= kept;
      rowsByBucket[i] *= kept;
    }
  }

  /** A batch had been running since it was taken. */
  void ran(long takenNanos, long nanos) {
    added.busyNanos += nanos;
    foldAt(takenNanos + nanos);
  }

  void shed(int rows) {
    added.shedRows += rows;
  }

  void waited() {
    added.waits++;
  }

  /**
   * A batch was chosen of the rows in its lane.
   *
   * @param onLoop by a producer that runs it itself
   */
  void took(long nowNanos, int bucket, int chosen, int queued, boolean onLoop) {
    added.batches++;
    added.loopBatches += onLoop ? 1 : 0;
    added.chosenRows += chosen;
    added.queuedRows += queued;
    rowsByBucket[bucket] += chosen;
    foldAt(nowNanos);
  }

  private void foldAt(long nowNanos) {
    // the first batch is told at once
    if (!begun || (!first && nowNanos - foldedNanos < FOLD_NANOS)) {
      return;
    }
    first = false;
    activeNanos = Math.max(activeNanos, nowNanos);
    double kept = Math.exp(-(double) (nowNanos - foldedNanos) / WINDOW_NANOS);
    foldedNanos = nowNanos;
    seen = 1 - (1 - seen) * kept;
    long refused = refusedRows.sum();
    added.refusedRows = refused - refusedBefore;
    refusedBefore = refused;
    sums.fade(kept);
    sums.add(added);
    added.fade(0);
    published = publish(nowNanos);
    fadeTables(kept);
  }

  private Folded publish(long nowNanos) {
    double seconds = WINDOW_NANOS * Math.max(LEAST_SEEN, seen) / 1e9;
    double objectiveRows = 0;
    double[] rowRates = new double[rowsByBucket.length];
    for (int i = 0; i < objectives.length; i++) {
      objectiveRows += objectives[i];
      rowRates[i] = rowsByBucket[i] / seconds;
    }
    double batches = Math.max(1e-9, sums.batches);
    QueueReport.Lately lately =
        new QueueReport.Lately(
            sums.arrivedRows / seconds,
            sums.refusedRows / seconds,
            sums.shedRows / seconds,
            sums.batches / seconds,
            sums.loopBatches / batches,
            sums.chosenRows / batches,
            sums.queuedRows / batches,
            sums.waits / seconds,
            sums.busyNanos / 1e9 / seconds,
            sums.deadlineRows / Math.max(1e-9, sums.arrivedRows),
            objective(objectiveRows, 0.1),
            objective(objectiveRows, 0.5),
            objective(objectiveRows, 0.9));
    return new Folded(nowNanos, seen, lately, rowRates);
  }

  /** The deadline, in nanoseconds from arrival, that such a share of rows has at most. */
  private long objective(double total, double share) {
    double below = 0;
    for (int i = 0; i < objectives.length; i++) {
      below += objectives[i];
      if (below > 0 && below >= share * total) {
        return (long) (objectiveNanos[i] / objectives[i]);
      }
    }
    return 0;
  }

  /** As it is now, with what has faded since the last batch. Any thread. */
  QueueReport.Lately lately(long nowNanos) {
    Folded folded = published;
    return folded.lately.scaled(folded.fading(nowNanos));
  }

  /** Rows per second of a bucket. Any thread. */
  double rowRate(int bucket, long nowNanos) {
    Folded folded = published;
    return bucket < folded.rowRates.length ? folded.rowRates[bucket] * folded.fading(nowNanos) : 0;
  }
}
