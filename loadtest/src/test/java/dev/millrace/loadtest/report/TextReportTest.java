// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.load.Peak;
import dev.millrace.loadtest.load.Samples;
import dev.millrace.loadtest.load.Slo;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class TextReportTest {
  @Test
  void oneLoadIsASentenceAndATable() {
    assertThat(TextReport.lines(Reports.plain(Reports.FAST)))
        .containsExactly(
            "100,000 OK of 100,000 requests in 10.0 s: 10,000/s",
            "",
            "          OK      rate      p50      p90      p95      p99    p99.9      max",
            "all  100,000  10,000/s  5.00 ms  9.00 ms  9.50 ms  9.90 ms  10.0 ms  10.0 ms",
            "note: the moon was full");
  }

  @Test
  void failuresAreCountedByStatusWithAnExample() {
    assertThat(TextReport.lines(Reports.plain(Reports.FAILING)))
        .contains("90,000 OK of 100,000 requests in 10.0 s: 9,000/s")
        .contains(
            "status              answers    share  for example",
            "OK                   90,000  90.00 %",
            "RESOURCE_EXHAUSTED   10,000  10.00 %  <b>full & busy</b>");
  }

  @Test
  void saysThatTheLoadTesterIsTheLimit() {
    assertThat(TextReport.lines(Reports.plain(Samples.of(1, 1000, 1_000_000, Map.of(), 2_000_000))))
        .contains(
            "WARNING: the load tester itself is the limit: requests left late"
                + " (p99 2.00 ms after their time)");
  }

  @Test
  void saysThatAnswersAreWrong() {
    assertThat(TextReport.lines(Reports.plain(Samples.wrong(Reports.FAST, 3))))
        .contains("WARNING: wrong answers: 3, for example output 'y'[0]: 1.5 (expected 2.5)");
  }

  @Test
  void thePeakComesWithItsTrials() {
    assertThat(TextReport.lines(Reports.highest()))
        .startsWith(
            "offered         OK      p50      p99  failed",
            "12,000/s   9,000/s  5.00 ms  9.90 ms  10,000  missed: 90.00 % OK",
            "10,000/s  10,000/s  5.00 ms  9.90 ms       0  met",
            "",
            "peak at p99 ≤ 25.0 ms: 10,000/s offered, 10,000/s OK; a closed loop reaches 10,000/s");
  }

  @Test
  void overloadShowsGoodputAndTheTimeToTheNegativeAnswer() {
    assertThat(TextReport.lines(Reports.overloaded()))
        .contains(
            "beyond the peak of 10,000/s, each request with a deadline of 20.0 ms",
            "4.0 ×  40,000/s   9,000/s  5.00 ms  9.90 ms     1.00 ms     1.00 ms"
                + "  OK 90.00 %, RESOURCE_EXHAUSTED 10.00 %");
  }

  @Test
  void aComparisonShowsTheRatioWithItsSpread() {
    assertThat(TextReport.lines(Reports.compared()))
        .startsWith(
            "A: 127.0.0.1:8001",
            "B: 127.0.0.1:9001",
            "             A        B  A/B median    min    max",
            "rate  10,000/s  3,750/s       3.000  2.000  4.000",
            "p50    5.00 ms  15.0 ms       0.375  0.250  0.500");
  }

  @Test
  void ofAComparisonThatEndedInItsFirstRoundTheFirstServerIsShown() {
    assertThat(TextReport.lines(Reports.halfCompared()))
        .contains("no round was finished", "100,000 OK of 100,000 requests in 10.0 s: 10,000/s");
  }

  @Test
  void saysThatItEndedEarly() {
    BenchReport report = Reports.plain(Reports.FAST);

    assertThat(
            TextReport.lines(
                new BenchReport(
                    report.date(),
                    report.target(),
                    Map.of(),
                    BenchReport.End.CANCEL,
                    List.of(),
                    report.findings())))
        .startsWith("ended early; this is what was measured so far");
  }

  @Test
  void aSearchThatEndedBeforeItsFirstRateHasNoTable() {
    Peak none = new Peak(new Slo(99, 25_000_000), Reports.FAST, List.of(), Optional.empty());

    assertThat(TextReport.lines(Reports.of(new Findings.Highest(none))))
        .startsWith("no rate was confirmed to meet p99 ≤ 25.0 ms; a closed loop reaches 10,000/s");
  }
}
