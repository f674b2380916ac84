// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.load.Comparison;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Measurements;
import dev.millrace.loadtest.load.Overload;
import dev.millrace.loadtest.load.Peak;
import dev.millrace.loadtest.load.Trial;
import dev.millrace.loadtest.load.Window;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** A report as one page that needs nothing else: no scripts, no fonts, no network. */
public final class HtmlReport {
  static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1d2430; --soft: #667085; --back: #ffffff;
        --card: #f6f7f9; --edge: #e4e7ec; --bad: #b42318; }
      @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3;
        --back: #11151c; --card: #1a202a; --edge: #2c3442; --bad: #f97066; } }
      body { margin: 2rem auto; max-width: 84rem; padding: 0 1rem; background: var(--back);
        color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
      h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2rem; }
      .soft { color: var(--soft); margin-top: 0; } .warning { color: var(--bad); margin: .3rem 0; }
      .cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); }
      .card { background: var(--card); border: 1px solid var(--edge); border-radius: 8px;
        padding: .75rem; margin: 1rem 0; overflow-x: auto; }
      .cards .card { margin: 0; }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
      th, td { padding: .2rem .6rem; text-align: right; white-space: nowrap;
        border-bottom: 1px solid var(--edge); }
      th { color: var(--soft); font-weight: 500; }
      th.words, td.words { text-align: left; }
      td.words:last-child { white-space: normal; min-width: 16rem; }
      svg { display: block; width: 100%; max-width: 52rem; height: auto; }
      """;

  private final StringBuilder html = new StringBuilder();

  private HtmlReport() {}

  public static String write(BenchReport report) {
    HtmlReport page = new HtmlReport();
    page.page(report);
    return page.html.toString();
  }

  private void page(BenchReport report) {
    String title =
        "millrace bench %s %s"
            .formatted(report.target(), report.options().getOrDefault("models", ""))
            .strip();
    html.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .append("<title>%s</title>\n".formatted(Html.escape(title)))
        .append("<style>\n%s%s</style>\n</head>\n<body>\n".formatted(STYLE, SvgChart.STYLE))
        .append("<h1>%s</h1>\n".formatted(Html.escape(title)))
        .append("<p class=\"soft\">%s%s</p>\n".formatted(report.date(), endedEarly(report)));
    findings(report.findings());
    report.notes().forEach(note -> html.append(Html.paragraph("Note: " + note)));
    options(report.options());
    html.append("</body>\n</html>\n");
  }

  private static String endedEarly(BenchReport report) {
    return report.end() == BenchReport.End.CANCEL ? "; ended early" : "";
  }

  private void findings(Findings findings) {
    switch (findings) {
      case Findings.Plain plain -> {
        measurement("Latency", plain.observation().total());
        overTime(plain.observation().windows());
      }
      case Findings.Highest highest -> {
        Peak peak = highest.peak();
        peak(peak);
        peak.confirmed()
            .map(Trial::measurement)
            .ifPresentOrElse(
                confirmed -> measurement("Latency at the peak", confirmed),
                () -> measurement("Latency of the closed loop", peak.closedLoop()));
      }
      case Findings.Overloaded overloaded -> {
        overload(overloaded.overload());
        overloaded.search().ifPresent(this::peak);
        overloaded.overload().rows().stream()
            .filter(row -> row.factor() == 1)
            .findFirst()
            .ifPresent(row -> measurement("Latency at 1 × the peak", row.measurement()));
      }
      case Findings.Compared compared -> compared(compared);
    }
  }

  private void measurement(String heading, Measurement measurement) {
    html.append("<h2>%s</h2>\n".formatted(heading));
    Sentences.summary(measurement).forEach(line -> html.append(Html.paragraph(line)));
    warnings("Warning: ", measurement);
    html.append(card(Html.table(Tables.latency(measurement))));
    if (measurement.failed() > 0) {
      html.append("<h2>Outcomes</h2>\n").append(card(Html.table(Tables.outcomes(measurement))));
    }
    if (measurement.ok() > 0) {
      cards(
          Charts.percentiles(Map.of("all", measurement.latency())),
          Charts.histogram(measurement.latency()));
    }
  }

  private void overTime(List<Window> windows) {
    if (windows.size() > 1) {
      html.append("<h2>Over time</h2>\n");
      cards(Charts.latencyOverTime(windows), Charts.rateOverTime(windows));
    }
  }

  private void peak(Peak peak) {
    html.append("<h2>Peak</h2>\n").append(Html.paragraph(Sentences.peak(peak)));
    if (!peak.trials().isEmpty()) {
      cards(Charts.latencyOverRate(peak), Charts.goodput(peak));
      html.append(card(Html.table(Tables.trials(peak))));
    }
  }

  private void overload(Overload overload) {
    html.append("<h2>Overload</h2>\n").append(Html.paragraph(Sentences.overload(overload)));
    cards(Charts.goodput(overload), Charts.latencyOverLoad(overload));
    html.append(card(Html.table(Tables.overload(overload))));
    overload
        .rows()
        .forEach(
            row ->
                warnings(
                    "Warning at %s: ".formatted(Units.rate(row.offered())), row.measurement()));
  }

  private void compared(Findings.Compared compared) {
    Comparison comparison = compared.comparison();
    html.append("<h2>A against B</h2>\n")
        .append(Html.paragraph("A: " + compared.a()))
        .append(Html.paragraph("B: " + compared.b()));
    if (comparison.rounds() == 0) {
      html.append(Html.paragraph("no round was finished"));
      if (!comparison.a().isEmpty()) {
        measurement("Latency of A", Measurements.sum(comparison.a()));
      }
      return;
    }
    html.append(card(Html.table(Tables.comparison(comparison))))
        .append(Html.paragraph(Sentences.rounds(comparison)));
    Measurement ofA = Measurements.sum(comparison.a());
    Measurement ofB = Measurements.sum(comparison.b());
    warnings("Warning for A: ", ofA);
    warnings("Warning for B: ", ofB);
    Map<String, Histogram> latencies = new LinkedHashMap<>();
    latencies.put("A", ofA.latency());
    latencies.put("B", ofB.latency());
    if (comparison.rounds() > 1) {
      cards(Charts.percentiles(latencies), Charts.rateByRound(comparison));
    } else {
      cards(Charts.percentiles(latencies));
    }
    html.append("<h2>A</h2>\n").append(card(Html.table(Tables.latency(ofA))));
    html.append("<h2>B</h2>\n").append(card(Html.table(Tables.latency(ofB))));
  }

  private void options(Map<String, String> options) {
    TextTable table = new TextTable("option", "value");
    options.forEach((name, value) -> table.add(name, value));
    html.append("<h2>Options</h2>\n").append(card(Html.table(table)));
  }

  private void warnings(String before, Measurement measurement) {
    for (String warning : Warnings.of(measurement)) {
      html.append("<p class=\"warning\">%s</p>\n".formatted(Html.escape(before + warning)));
    }
  }

  private void cards(String... contents) {
    html.append("<div class=\"cards\">\n");
    for (String content : contents) {
      html.append(card(content));
    }
    html.append("</div>\n");
  }

  private static String card(String content) {
    return "<div class=\"card\">" + content + "</div>\n";
  }
}
