// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.goals.RowResult.RateLine;
import java.time.Instant;
import java.util.List;

/** A report of baselines as it might be. */
public final class SampleReports {
  private SampleReports() {}

  public static BaselineReport baselines() {
    return new BaselineReport(
        Table.BASELINES,
        Instant.parse("2026-11-22T10:00:00Z"),
        "a machine, 2 cores",
        "a JDK",
        "servers on core 0, load on core 1",
        "./millrace baselines --quick",
        88,
        List.of(
            new RowResult(
                1,
                "tiny_mlp <fast>",
                List.of(
                    Figure.of(
                        "gateway / bare gRPC",
                        Unit.RATIO,
                        List.of(1.2, 1.1, 1.3),
                        Goal.atLeast(1.05)),
                    Figure.of("added", Unit.MICROS, List.of(40.0), Goal.atMost(10)),
                    Figure.stated("gateway: requests", Unit.PER_SECOND, List.of(1000.0, 2000.0))),
                List.of(new RateLine("gateway", List.of(1000.0, 2000.0))),
                List.of("a note"))),
        List.of("row 2: left out"));
  }
}
