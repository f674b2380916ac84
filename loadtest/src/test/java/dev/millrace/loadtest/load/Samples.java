// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.load.Measurement.VariantResult;
import io.grpc.Status;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Measurements made up for tests. */
public final class Samples {
  private Samples() {}

  /** So many answers OK in so many seconds, all with latencies from 1 to 100 times a hundredth. */
  public static Measurement ok(double seconds, long answers, long slowestNanos) {
    return of(seconds, answers, slowestNanos, Map.of(), 0);
  }

  /** The same, and failures that took a tenth of the slowest. */
  public static Measurement of(
      double seconds, long ok, long slowestNanos, Map<Status.Code, Long> failures, long lagNanos) {
    Map<Status.Code, Long> outcomes = new EnumMap<>(Status.Code.class);
    outcomes.put(Status.Code.OK, ok);
    outcomes.putAll(failures);
    Map<Status.Code, String> messages = new EnumMap<>(Status.Code.class);
    failures.keySet().forEach(code -> messages.put(code, "<b>full & busy</b>"));
    Histogram negative = new Histogram(3);
    failures.values().forEach(count -> negative.recordValueWithCount(slowestNanos / 10, count));
    Histogram lag = new Histogram(3);
    if (lagNanos > 0) {
      lag.recordValueWithCount(lagNanos, ok);
    }
    Histogram latency = spread(ok, slowestNanos);
    return new Measurement(
        seconds,
        ok + negative.getTotalCount(),
        outcomes,
        messages,
        latency,
        negative,
        List.of(new VariantResult("iris", ok, ok, latency)),
        ok / seconds,
        0,
        null,
        lag,
        0.25);
  }

  /** With answers of which some were wrong. */
  public static Measurement wrong(Measurement sample, long wrong) {
    return new Measurement(
        sample.seconds(),
        sample.sent(),
        sample.outcomes(),
        sample.messages(),
        sample.latency(),
        sample.negative(),
        sample.variants(),
        sample.goodput(),
        wrong,
        "output 'y'[0]: 1.5 (expected 2.5)",
        sample.lag(),
        sample.loopBusy());
  }

  private static Histogram spread(long count, long slowestNanos) {
    Histogram histogram = new Histogram(3);
    for (int i = 1; i <= 100; i++) {
      long share = count * i / 100 - count * (i - 1) / 100;
      if (share > 0) {
        histogram.recordValueWithCount(slowestNanos * i / 100, share);
      }
    }
    return histogram;
  }
}
