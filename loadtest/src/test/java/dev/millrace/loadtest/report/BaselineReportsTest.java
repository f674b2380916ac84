// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import dev.millrace.loadtest.goals.BaselineReport;
import dev.millrace.loadtest.goals.SampleReports;
import org.junit.jupiter.api.Test;

final class BaselineReportsTest {
  private final BaselineReport report = SampleReports.baselines();

  @Test
  void markdownHasATableOfGoalsAndDetails() {
    assertThat(BaselineMarkdown.write(report).lines())
        .contains(
            "## Baselines, 2026-11-22",
            "Command: `./millrace baselines --quick`",
            "| # | work | figure | measured | goal | met? |",
            "| 1 | tiny\\_mlp <fast> | gateway / bare gRPC | 1.20 (1.10..1.30) | ≥ 1.05 | yes |",
            "| 1 | tiny\\_mlp <fast> | added | 40.0 µs | ≤ 10.0 µs | no |",
            "1 of 2 goals met; short: row 1, added: 40.0 µs (goal ≤ 10.0 µs).",
            "* row 2: left out",
            "| gateway: requests | 1,500/s | 1,000..2,000 |  |",
            "| added | 40.0 µs | – | ≤ 10.0 µs |",
            "* a note");
  }

  @Test
  void jsonHasEveryRound() throws Exception {
    String json = BaselineJson.write(report);

    try (JsonParser parser = new JsonFactory().createParser(json)) {
      while (parser.nextToken() != null) {
        // it can be read
      }
    }
    assertThat(json)
        .contains(
            "\"machine\" : \"a machine, 2 cores\"",
            "\"rounds\" : [ 1.2, 1.1, 1.3 ]",
            "\"goal_kind\" : \"at_least\"",
            "\"met\" : true",
            "\"unit\" : \"per_second\"");
  }

  @Test
  void thePageNeedsNothingElse() {
    assertThat(BaselinePage.write(report))
        .startsWith("<!doctype html>")
        .endsWith("</html>\n")
        .contains("tiny_mlp &lt;fast&gt;", "Measured against the goals", "Rate, round by round")
        .doesNotContain("<script", "href=");
  }

  @Test
  void thePlotIsAFile() {
    assertThat(BaselinePage.plot(report))
        .startsWith("<svg")
        .contains("<style>", "gateway / bare gRPC")
        .endsWith("</svg>\n");
  }
}
