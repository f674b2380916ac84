// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.metrics;

import dev.millrace.gateway.config.ReferencePage;
import java.io.IOException;
import org.junit.jupiter.api.Test;

final class MetricReferencePageTest {
  private static final String HEAD =
      """
      <!-- Generated from Metric by MetricReferencePageTest, which says how to write it anew. -->
      # Metrics

      `GET /metrics` on the HTTP port, in Prometheus' text format or OpenMetrics, as asked for.
      Serving a request touches no metrics library: each model version counts for itself, once a
      batch, and what it counted is read when Prometheus asks. A version that is loaded anew starts
      at zero. Times are in seconds; histograms of times have buckets from 50 µs to a minute.

      """;

  private static final String TAIL =
      """

      Outcomes are `ok` and the kinds of failure: `not_found`, `invalid`, `not_ready`, `overloaded`,
      `expired`, `cancelled`, `shutting_down`, `engine`, `unsupported`. Reasons of rejection are
      `queue_rows`, `queue_bytes`, `ring_full`, `infeasible` (the deadline cannot be kept), `overload`
      (more is asked for than can be answered in time), `expired` and `closed`.

      What is learned is told for the 16 most used sizes of a row, `row_size` being its elements where
      shapes vary and 1 where they do not. What to draw and when to alert:
      [operating](../operating.md).

      Besides these there are the JVM's own metrics of the Prometheus client library (`jvm_…`,
      `process_…`).
      """;

  @Test
  void thePageIsUpToDate() throws IOException {
    ReferencePage.check("metrics.md", HEAD + Metric.toMarkdown() + TAIL);
  }
}
