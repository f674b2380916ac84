// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xml.sax.InputSource;

final class HtmlReportTest {
  static Stream<BenchReport> reports() {
    return Stream.of(
        Reports.plain(Reports.FAST),
        Reports.plain(Reports.FAILING),
        Reports.highest(),
        Reports.overloaded(),
        Reports.compared());
  }

  @ParameterizedTest
  @MethodSource("reports")
  void needsNothingBesideItself(BenchReport report) {
    assertThat(HtmlReport.write(report).replace("xmlns=\"http://www.w3.org/2000/svg\"", ""))
        .doesNotContain("http:", "https:", "src=", "href=", "@import", "url(", "<script");
  }

  @ParameterizedTest
  @MethodSource("reports")
  void isWellFormed(BenchReport report) throws Exception {
    String page = HtmlReport.write(report);
    String body = page.substring(page.indexOf("<body>"), page.indexOf("</html>"));

    assertThat(
            DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(body))))
        .isNotNull();
  }

  @Test
  void textOfOthersIsEscaped() {
    assertThat(HtmlReport.write(Reports.plain(Reports.FAILING)))
        .contains("&lt;b&gt;full &amp; busy&lt;/b&gt;", "iris&lt;script&gt;")
        .doesNotContain("<b>");
  }

  @Test
  void showsThePlotsOfItsQuestion() {
    assertThat(HtmlReport.write(Reports.plain(Reports.FAST)))
        .contains("Latency by percentile", "Latency over time", "Rate over time");
    assertThat(HtmlReport.write(Reports.highest()))
        .contains("Latency over offered load", "goal for p99");
    assertThat(HtmlReport.write(Reports.overloaded()))
        .contains("Goodput over offered load", "deadline");
  }

  @Test
  void aPageOfAComparisonIsWholeHoweverEarlyItEnded() {
    assertThat(HtmlReport.write(Reports.halfCompared()))
        .contains("no round was finished", "Latency of A")
        .endsWith("</html>\n");
  }
}
