// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.Runner.RunTimes;
import dev.millrace.batching.Rejection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a served version has done since it was loaded. Written once a batch by replicas (one short
 * lock, taken by as many threads as there are replicas), and once a failure by anybody.
 */
public final class ServingStatistics {
  /** From 50 µs, since small models answer in less than 100, to a minute; about three a decade. */
  private static final long[] TIME_BOUNDS_NANOS = {
    50_000L,
    100_000L,
    250_000L,
    500_000L,
    1_000_000L,
    2_500_000L,
    5_000_000L,
    10_000_000L,
    25_000_000L,
    50_000_000L,
    100_000_000L,
    250_000_000L,
    500_000_000L,
    1_000_000_000L,
    2_500_000_000L,
    5_000_000_000L,
    10_000_000_000L,
    30_000_000_000L,
    60_000_000_000L
  };

  /** Gates tell a version from one that is half as fast again: an eighth is fine enough. */
  private static final int TIME_PARTS = 8;

  private static final long[] ROW_BOUNDS = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

  /** Clients choose how many rows they send: each number apart would be a table without end. */
  private static final int LARGEST_EXACT_SIZE = 1024;

  private final Tally<Failure.Kind> failures = new Tally<>(Failure.Kind.class);
  private final Tally<Rejection> rejections = new Tally<>(Rejection.class);
  private final Object lock = new Object();

  // guarded by lock
  private long requests;
  private long rows;
  private long batches;
  private long queueNanos;
  private long requestNanos;
  private long gatherNanos;
  private long runNanos;
  private long scatterNanos;
  private long lastInferenceMillis;
  private final Histogram batchRows = new Histogram(ROW_BOUNDS);
  private final Histogram queueTimes = times();
  private final Histogram runTimes = times();
  private final Histogram requestTimes = times();
  private final Map<Integer, long[]> byBatchSize = new TreeMap<>();

  private static Histogram times() {
    return Histogram.inParts(TIME_PARTS, TIME_BOUNDS_NANOS);
  }

  /** A request that got no answer. */
  public void failed(Failure.Kind kind) {
    failures.count(kind);
  }

  /** A request that the queue turned away or gave up; beside {@link #failed}. */
  void rejected(Rejection rejection) {
    rejections.count(rejection);
  }

  /** Requests that the queue turned away or gave up, for whatever reason. */
  long refusals() {
    return rejections.total();
  }

  /**
   * A run that succeeded.
   *
   * @param answered the tasks that were answered from it
   * @param batchRows all rows that were run
   * @param takenNanos when the batch was closed
   * @param doneNanos when its answers were ready to leave
   */
  void executed(
      List<InferTask> answered,
      int batchRows,
      long takenNanos,
      long doneNanos,
      RunTimes times,
      long wallMillis) {
    long scatter = doneNanos - takenNanos - times.gatherNanos() - times.runNanos();
    synchronized (lock) {
      batches++;
      rows += batchRows;
      requests += answered.size();
      this.batchRows.add(batchRows);
      runTimes.add(times.runNanos());
      gatherNanos += times.gatherNanos();
      runNanos += times.runNanos();
      scatterNanos += scatter;
      lastInferenceMillis = wallMillis;
      for (InferTask task : answered) {
        long queued = takenNanos - task.arrivalNanos();
        queueNanos += queued;
        queueTimes.add(queued);
        long total = doneNanos - task.arrivalNanos();
        requestNanos += total;
        requestTimes.add(total);
      }
      long[] size = byBatchSize.computeIfAbsent(sizeClass(batchRows), key -> new long[4]);
      size[0]++;
      size[1] += times.gatherNanos();
      size[2] += times.runNanos();
      size[3] += scatter;
    }
  }

  /**
   * Rows of ordinary batches as they are, those of larger requests rounded up to a power of two.
   */
  private static int sizeClass(int rows) {
    return rows <= LARGEST_EXACT_SIZE ? rows : Integer.highestOneBit(rows - 1) << 1;
  }

  /** Everything at this moment. */
  public Snapshot snapshot() {
    synchronized (lock) {
      List<BatchSize> sizes = new ArrayList<>();
      byBatchSize.forEach((size, s) -> sizes.add(new BatchSize(size, s[0], s[1], s[2], s[3])));
      return new Snapshot(
          requests,
          failures.snapshot(),
          rejections.snapshot(),
          rows,
          batches,
          queueNanos,
          requestNanos,
          gatherNanos,
          runNanos,
          scatterNanos,
          lastInferenceMillis,
          batchRows.snapshot(),
          queueTimes.snapshot(),
          runTimes.snapshot(),
          requestTimes.snapshot(),
          sizes);
    }
  }

  /**
   * Statistics at one moment; times are sums in nanoseconds.
   *
   * @param requests answered well
   * @param failures not answered, by kind
   * @param rejections those of them that the queue refused, by its reason
   * @param rows run
   * @param batches run
   * @param queueNanos from arrival until the batch was closed, over answered requests
   * @param requestNanos from arrival until the answer was ready, over answered requests
   * @param gatherNanos copying inputs, over batches
   * @param runNanos in the engine, over batches
   * @param scatterNanos reading outputs and encoding answers, over batches
   * @param lastInferenceMillis wall clock of the last run; 0 for never
   * @param batchRows rows per batch
   * @param queueTimes per request, nanoseconds
   * @param runTimes per batch, nanoseconds
   * @param requestTimes per request, nanoseconds
   * @param byBatchSize per number of rows run together, ascending
   */
  public record Snapshot(
      long requests,
      Map<Failure.Kind, Long> failures,
      Map<Rejection, Long> rejections,
      long rows,
      long batches,
      long queueNanos,
      long requestNanos,
      long gatherNanos,
      long runNanos,
      long scatterNanos,
      long lastInferenceMillis,
      Histogram.Snapshot batchRows,
      Histogram.Snapshot queueTimes,
      Histogram.Snapshot runTimes,
      Histogram.Snapshot requestTimes,
      List<BatchSize> byBatchSize) {

    /** Requests that got no answer, whatever the reason. */
    public long failed() {
      return failures.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /** Batches of one size; times are sums in nanoseconds. */
  public record BatchSize(
      int rows, long batches, long gatherNanos, long runNanos, long scatterNanos) {}
}
