// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.Curve;
import dev.millrace.batching.cost.RunsInFlight;
import java.util.List;

/**
 * What a queue knows at one moment and why its batches look as they do: for people and metrics.
 *
 * @param curves what batches cost, for each size of a row that has been seen
 * @param arrivalRate rows per second, as the policy sees it: over a few batches, as of the last
 * @param load what requests with deadlines ask for, of all that can be done in time; above 1 in
 *     overload
 * @param replicas those that serve: of a shared device as many as may run at a time
 * @param batches taken so far
 * @param chosenRows rows of all batches taken
 * @param queuedRows rows that waited in the lane of each batch taken, summed
 * @param waits times that an idle replica waited for more
 * @param medianError of predicted run times, relative
 * @param highError what 99 in 100 predictions kept to
 * @param lately what has happened in the last seconds
 * @param devices those that replicas share
 */
public record QueueReport(
    List<SizedCurve> curves,
    double arrivalRate,
    double load,
    int replicas,
    long batches,
    long chosenRows,
    long queuedRows,
    long waits,
    double medianError,
    double highError,
    Lately lately,
    Devices devices) {

  /** Whether most rows have a deadline. */
  public boolean hasDeadlines() {
    return lately.deadlineShare() >= 0.5;
  }

  /**
   * Rows of the best batch that can be run again and again. Those that are run now can be, whatever
   * is predicted with a margin.
   *
   * @param count replicas that share the load
   */
  public int bestSize(Curve curve, int count) {
    if (!hasDeadlines()) {
      return curve.cap();
    }
    int safe = Math.min(curve.cap(), curve.sustainable(lately.objectiveNanos(), count));
    return Math.clamp(Math.round(lately.chosenRows()), safe, curve.cap());
  }

  /**
   * Time that a row takes of a replica in batches of the best size, over the rows that came lately;
   * 0 if none did.
   *
   * @param count replicas that share the load
   */
  public double secondsPerRow(int count) {
    double rows = 0;
    double seconds = 0;
    for (SizedCurve sized : curves) {
      int best = bestSize(sized.curve(), count);
      rows += sized.rowRate();
      seconds += sized.rowRate() * Math.max(1, sized.curve().mean(best)) / best / 1e9;
    }
    return rows > 0 ? seconds / rows : 0;
  }

  /** Replicas that what was asked for lately, refused or not, would keep busy. */
  public double neededReplicas() {
    return (lately.arrivedRows() + lately.refusedRows()) * secondsPerRow(Math.max(1, replicas));
  }

  /**
   * Devices that several replicas run on.
   *
   * @param count 0 if replicas are independent
   * @param readyReplicas beyond as many as run at a time
   * @param inFlight what is known of runs at a time on one of them
   */
  public record Devices(int count, int readyReplicas, RunsInFlight.Report inFlight) {
    /** Replicas are independent of each other. */
    public static final Devices NONE = new Devices(0, 0, RunsInFlight.Report.NONE);
  }

  /**
   * The curve of rows of one size.
   *
   * @param rowSize the smallest such size, in the items' own measure
   * @param rowRate rows per second of that size that were taken lately
   */
  public record SizedCurve(long rowSize, Curve curve, double rowRate) {}

  /**
   * Averages over the last seconds.
   *
   * @param arrivedRows per second, accepted into the queue
   * @param refusedRows per second, turned away at the door
   * @param shedRows per second, accepted and then given up
   * @param batches per second
   * @param loopShare of batches, those that a producer ran itself
   * @param chosenRows per batch
   * @param queuedRows per batch: what waited in its lane, its own rows included
   * @param waits per second: times that an idle replica waited for more
   * @param busyReplicas as many as were running, on average
   * @param deadlineShare of rows, those that have a deadline
   * @param shortObjectiveNanos from arrival to deadline, what a tenth of those rows has at most
   * @param objectiveNanos what half of them have
   * @param longObjectiveNanos what nine tenths have
   */
  public record Lately(
      double arrivedRows,
      double refusedRows,
      double shedRows,
      double batches,
      double loopShare,
      double chosenRows,
      double queuedRows,
      double waits,
      double busyReplicas,
      double deadlineShare,
      long shortObjectiveNanos,
      long objectiveNanos,
      long longObjectiveNanos) {
    /** Nothing has happened. */
    public static final Lately NOTHING = new Lately(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** With all rates multiplied. */
    Lately scaled(double factor) {
      return new Lately(
          arrivedRows * factor,
          refusedRows * factor,
          shedRows * factor,
          batches * factor,
          loopShare,
          chosenRows,
          queuedRows,
          waits * factor,
          busyReplicas * factor,
          deadlineShare,
          shortObjectiveNanos,
          objectiveNanos,
          longObjectiveNanos);
    }
  }
}
