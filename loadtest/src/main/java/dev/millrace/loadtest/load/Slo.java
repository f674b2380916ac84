// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import io.grpc.Status;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a server must keep to for a rate to count as one that it can bear.
 *
 * @param percentile of the latency, above 0 and below 100
 * @param limitNanos that this percentile must not exceed
 */
public record Slo(double percentile, long limitNanos) {
  // with fewer right answers than this, the latency of the rest says little
  private static final double MIN_OK_SHARE = 0.999;

  // a schedule that is kept less well than this was not offered
  private static final double LAG_PERCENTILE = 99;

  /** What a measurement misses of it; empty if nothing. */
  public Optional<String> missedBy(Measurement measurement) {
    if (measurement.ok() == 0) {
      return Optional.of("no request succeeded");
    }
    double okShare = (double) measurement.ok() / measurement.answered();
    if (okShare < MIN_OK_SHARE) {
      return Optional.of(
          String.format(Locale.ROOT, "%.2f %% OK, else %s", 100 * okShare, mostOften(measurement)));
    }
    long seen = measurement.latency().getValueAtPercentile(percentile);
    if (seen > limitNanos) {
      return Optional.of(
          String.format(Locale.ROOT, "%s %.3g ms", name(), seen / 1e6)
              + (measurement.fellBehind() ? ", and the load tester fell behind" : ""));
    }
    // latency counts from the time a request was due: what the load tester adds is in it already,
    // unless the goal is about a lower percentile
    return measurement.lag().getValueAtPercentile(LAG_PERCENTILE) > limitNanos
        ? Optional.of("the load tester fell behind its schedule")
        : Optional.empty();
  }

  private static String mostOften(Measurement measurement) {
    return measurement.outcomes().entrySet().stream()
        .filter(outcome -> outcome.getKey() != Status.Code.OK)
        .max(Map.Entry.comparingByValue())
        .map(outcome -> "mostly " + outcome.getKey())
        .orElse("nothing");
  }

  /** Such as p99 or p99.9. */
  public String name() {
    return percentile == Math.rint(percentile) ? "p" + (long) percentile : "p" + percentile;
  }
}
