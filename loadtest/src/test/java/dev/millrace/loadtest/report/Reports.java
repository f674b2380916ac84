// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.load.Comparison;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Observation;
import dev.millrace.loadtest.load.Overload;
import dev.millrace.loadtest.load.Peak;
import dev.millrace.loadtest.load.Samples;
import dev.millrace.loadtest.load.Slo;
import dev.millrace.loadtest.load.Trial;
import dev.millrace.loadtest.load.Window;
import io.grpc.Status;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reports made up for tests. */
final class Reports {
  static final Measurement FAST = Samples.ok(10, 100_000, 10_000_000);
  static final Measurement FAILING =
      Samples.of(10, 90_000, 10_000_000, Map.of(Status.Code.RESOURCE_EXHAUSTED, 10_000L), 0);

  private Reports() {}

  static BenchReport of(Findings findings) {
    return new BenchReport(
        Instant.parse("2026-01-02T03:04:05Z"),
        "127.0.0.1:8001",
        Map.of("models", "iris<script>"),
        BenchReport.End.NORMAL,
        List.of("the moon was full"),
        findings);
  }

  static BenchReport plain(Measurement measurement) {
    return of(
        new Findings.Plain(
            new Observation(
                measurement,
                List.of(
                    new Window(1, 9_000, 4_000_000, 9_000_000, 0),
                    new Window(2, 11_000, 5_000_000, 9_500_000, 0)))));
  }

  static Peak peak() {
    Trial missed = new Trial(12_000, FAILING, Optional.of("90.00 % OK"));
    Trial met = new Trial(10_000, FAST, Optional.empty());
    return new Peak(new Slo(99, 25_000_000), FAST, List.of(missed, met), Optional.of(met));
  }

  static BenchReport highest() {
    return of(new Findings.Highest(peak()));
  }

  static BenchReport overloaded() {
    return of(
        new Findings.Overloaded(
            Optional.of(peak()),
            new Overload(
                10_000,
                20_000_000,
                List.of(new Overload.Row(1, 10_000, FAST), new Overload.Row(4, 40_000, FAILING)))));
  }

  /** Ended while the second server had its first turn. */
  static BenchReport halfCompared() {
    return of(
        new Findings.Compared(
            "127.0.0.1:8001", "127.0.0.1:9001", new Comparison(List.of(FAST), List.of())));
  }

  static BenchReport compared() {
    return of(
        new Findings.Compared(
            "127.0.0.1:8001",
            "127.0.0.1:9001",
            new Comparison(
                List.of(FAST, FAST),
                List.of(Samples.ok(10, 50_000, 20_000_000), Samples.ok(10, 25_000, 40_000_000)))));
  }
}
