// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import dev.millrace.loadtest.load.Measurement;
import io.grpc.Status;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Reports as they might be, without a gateway. */
public final class SampleChanges {
  private SampleChanges() {}

  /** All went well. */
  public static ChangesReport good(ChangesPlan plan) {
    return report(plan, 0, false, true);
  }

  /** A request failed in the changes. */
  public static ChangesReport withAFailedRequest(ChangesPlan plan) {
    return report(plan, 1, false, true);
  }

  /** The slow version got all of the traffic. */
  public static ChangesReport withABadCanaryThatStays(ChangesPlan plan) {
    return report(plan, 0, true, true);
  }

  /** The user had seen enough before there was a canary. */
  public static ChangesReport endedEarly(ChangesPlan plan) {
    return report(plan, 0, false, false);
  }

  private static ChangesReport report(
      ChangesPlan plan, long failed, boolean badStays, boolean complete) {
    ChangeTimes times = new ChangeTimes();
    times.swap(23_000_000);
    times.swap(64_000_000);
    times.swap(22_000_000);
    times.scale(1, 4, 9_000_000);
    times.scale(4, 2, 1_000_000);
    if (complete) {
      times.canary(new CanaryResult(true, true, "", 3_100_000_000L));
      times.canary(
          new CanaryResult(
              false, badStays, badStays ? "" : "p99 5.1 ms of 29 requests", 900_000_000));
    }
    return new ChangesReport(
        plan,
        "on some machine",
        measurement(48_000, 0, 650_000),
        measurement(40_000, failed, 1_000_000),
        measurement(8_000, 0, 1_300_000),
        times,
        new ChangesReport.Processor(8_000_000_000L, 8_030_000_000L, 10_000_000, 19_000_000),
        new ChangesReport.Memory(700L << 20, 701L << 20, 702L << 20),
        !complete);
  }

  private static Measurement measurement(long ok, long failed, long nanos) {
    Histogram latency = new Histogram(3);
    latency.recordValueWithCount(nanos, ok);
    return new Measurement(
        80,
        ok + failed,
        Map.of(Status.Code.OK, ok, Status.Code.UNAVAILABLE, failed),
        failed == 0 ? Map.of() : Map.of(Status.Code.UNAVAILABLE, "model 'changed': gone"),
        latency,
        new Histogram(3),
        List.of(new Measurement.VariantResult("changed", ok, ok, latency)),
        ok / 80.0,
        0,
        null,
        new Histogram(3),
        0.1);
  }
}
