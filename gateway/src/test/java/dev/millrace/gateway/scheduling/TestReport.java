// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.scheduling;

import dev.millrace.batching.QueueReport;
import dev.millrace.batching.QueueReport.Lately;
import dev.millrace.batching.QueueReport.SizedCurve;
import dev.millrace.batching.Rejection;
import dev.millrace.batching.cost.CostModel;
import dev.millrace.batching.cost.RunsInFlight;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** A report that a test makes by hand. One replica, batches of up to 64 rows, no load. */
final class TestReport {
  private static final int MOST_ROWS = 64;

  /** Those that are told apart, so that what is learned is exact. */
  private static final int[] SIZES = {
    1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64
  };

  private final Map<Rejection, Long> rejections = new EnumMap<>(Rejection.class);
  private List<SizedCurve> curves = List.of();
  private int maxBatchRows = MOST_ROWS;
  private int replicas = 1;
  private int servingReplicas = 1;
  private long batches = 1000;
  private double arrived;
  private double refused;
  private double loopShare;
  private double chosen = 1;
  private double queued = 1;
  private double waits;
  private double busy;
  private double medianError = 0.02;
  private double highError = 0.1;
  private long deadlineNanos;
  private List<String> devices = List.of("cpu");
  private QueueReport.Devices shared = QueueReport.Devices.NONE;

  /** Batches take {@code alpha + beta · rows}, and do not vary. */
  TestReport taking(double alphaMillis, double betaMillis) {
    return taking(alphaMillis, betaMillis, MOST_ROWS);
  }

  TestReport taking(double alphaMillis, double betaMillis, int mostRows) {
    CostModel costs = new CostModel(MOST_ROWS);
    for (int repeat = 0; repeat < 20; repeat++) {
      for (int rows : SIZES) {
        if (rows <= mostRows) {
          costs.observe(1, rows, Math.round(1e6 * (alphaMillis + betaMillis * rows)));
        }
      }
    }
    curves = List.of(new SizedCurve(1, costs.curve(1), 1));
    return this;
  }

  TestReport arriving(double rowsPerSecond) {
    arrived = rowsPerSecond;
    return this;
  }

  TestReport refusing(double rowsPerSecond, Rejection reason, long soFar) {
    refused = rowsPerSecond;
    rejections.put(reason, soFar);
    return this;
  }

  TestReport choosing(double rows, double ofWaiting) {
    chosen = rows;
    queued = ofWaiting;
    return this;
  }

  TestReport busy(double runningReplicas) {
    busy = runningReplicas;
    return this;
  }

  TestReport due(double afterMillis) {
    deadlineNanos = (long) (1e6 * afterMillis);
    return this;
  }

  TestReport replicas(int there, int serving) {
    replicas = there;
    servingReplicas = serving;
    return this;
  }

  /** So much is done by one run at a time, by two, and so on, on one GPU. */
  TestReport on(String gpu, int limit, int ready, Double... gains) {
    devices = List.of(gpu);
    shared = new QueueReport.Devices(1, ready, new RunsInFlight.Report(limit, List.of(gains)));
    return this;
  }

  TestReport unbatched() {
    maxBatchRows = 0;
    return this;
  }

  TestReport upTo(int rows) {
    maxBatchRows = rows;
    return this;
  }

  TestReport offBy(double median, double high) {
    medianError = median;
    highError = high;
    return this;
  }

  TestReport waiting(double timesASecond) {
    waits = timesASecond;
    return this;
  }

  TestReport onLoops(double share) {
    loopShare = share;
    return this;
  }

  SchedulingReport report() {
    Lately lately =
        new Lately(
            arrived,
            refused,
            0,
            arrived / chosen,
            loopShare,
            chosen,
            queued,
            waits,
            busy,
            deadlineNanos > 0 ? 1 : 0,
            deadlineNanos,
            deadlineNanos,
            deadlineNanos);
    return new SchedulingReport(
        "m",
        1,
        maxBatchRows == 0 ? "one request at a time: the graph says so" : "batches",
        maxBatchRows,
        replicas,
        devices,
        0,
        0,
        0,
        rejections,
        new QueueReport(
            curves,
            arrived,
            0,
            servingReplicas,
            batches,
            (long) (batches * chosen),
            (long) (batches * queued),
            0,
            medianError,
            highError,
            lately,
            shared));
  }

  List<String> explained() {
    return Explanation.of(report());
  }
}
