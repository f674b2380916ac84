// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class JsonReportTest {
  /** Values by their path, such as histogram[1].mark. */
  private static Map<String, String> values(BenchReport report) throws IOException {
    Map<String, String> values = new TreeMap<>();
    try (JsonParser parser = new JsonFactory().createParser(JsonReport.write(report))) {
      while (parser.nextToken() != null) {
        JsonToken token = parser.currentToken();
        if (token.isScalarValue()) {
          String pointer = parser.getParsingContext().pathAsPointer().toString();
          values.put(pointer.substring(1), parser.getText());
        }
      }
    }
    return values;
  }

  @Test
  void theKeysAreThoseOfGhz() throws IOException {
    Map<String, String> values = values(Reports.plain(Reports.FAILING));

    assertThat(values)
        .containsEntry("date", "2026-01-02T03:04:05Z")
        .containsEntry("endReason", "normal")
        .containsEntry("options/host", "127.0.0.1:8001")
        .containsEntry("count", "100000")
        .containsEntry("total", "10000000000")
        .containsEntry("rps", "10000.0")
        .containsEntry("statusCodeDistribution/OK", "90000")
        .containsEntry("statusCodeDistribution/ResourceExhausted", "10000")
        .containsEntry(
            "errorDistribution/rpc error: code = ResourceExhausted desc = <b>full & busy<~1b>",
            "10000")
        .containsEntry("latencyDistribution/2/percentage", "50.0")
        .containsKeys("average", "fastest", "slowest");
    assertThat(Long.parseLong(values.get("latencyDistribution/2/latency")))
        .isBetween(5_000_000L, 5_005_000L);
  }

  @Test
  void theHistogramHasElevenMarksInSecondsAndCountsAll() throws IOException {
    Map<String, String> values = values(Reports.plain(Reports.FAST));

    List<Long> counts = new ArrayList<>();
    for (int i = 0; i <= 10; i++) {
      counts.add(Long.parseLong(values.get("histogram/" + i + "/count")));
    }
    assertThat(counts.stream().mapToLong(count -> count).sum()).isEqualTo(100_000);
    assertThat(Double.parseDouble(values.get("histogram/0/mark"))).isBetween(0.000_09, 0.000_11);
    assertThat(Double.parseDouble(values.get("histogram/10/mark"))).isBetween(0.009_9, 0.010_1);
  }

  @Test
  void whatGhzHasNotIsUnderMillrace() throws IOException {
    assertThat(values(Reports.plain(Reports.FAST)))
        .containsEntry("millrace/notes/0", "the moon was full")
        .containsEntry("millrace/rate", "10000.0")
        .containsEntry("millrace/fellBehind", "false")
        .containsEntry("millrace/variants/0/label", "iris")
        .containsEntry("millrace/windows/1/rate", "11000.0");
    assertThat(values(Reports.overloaded()))
        .containsEntry("millrace/peak/offered", "10000.0")
        .containsEntry("millrace/peak/trials/0/missed", "90.00 % OK")
        .containsEntry("millrace/overload/deadline", "20000000")
        .containsEntry("millrace/overload/rows/1/factor", "4.0")
        .containsEntry("millrace/overload/rows/1/outcomes/RESOURCE_EXHAUSTED", "10000");
    assertThat(values(Reports.compared()))
        .containsEntry("millrace/against/rate/median", "3.0")
        .containsEntry("millrace/against/ofB/1/rate", "2500.0");
  }
}
