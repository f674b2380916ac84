// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.goals.BaselineReport;
import dev.millrace.loadtest.goals.RowResult;
import dev.millrace.loadtest.goals.RowResult.RateLine;
import dev.millrace.loadtest.report.SvgChart.Point;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** A report of baselines as one page that needs nothing else. */
public final class BaselinePage {
  private final StringBuilder html = new StringBuilder();

  private BaselinePage() {}

  public static String write(BaselineReport report) {
    BaselinePage page = new BaselinePage();
    page.page(report);
    return page.html.toString();
  }

  /** The plot of figures against goals, as an SVG file. */
  public static String plot(BaselineReport report) {
    return GoalChart.file(report) + "\n";
  }

  private void page(BaselineReport report) {
    String title = "millrace: " + report.table().title().toLowerCase(Locale.ROOT);
    html.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .append("<title>%s</title>\n".formatted(title))
        .append("<style>\n%s%s</style>\n".formatted(HtmlReport.STYLE, SvgChart.STYLE))
        .append("</head>\n<body>\n<h1>%s</h1>\n".formatted(title));
    BaselineTables.header(report).forEach(line -> html.append(Html.paragraph(line)));
    html.append(Html.paragraph("Command: " + report.command()))
        .append("<h2>Goals</h2>\n")
        .append(Html.paragraph(BaselineTables.summary(report)))
        .append(card(GoalChart.svg(report)))
        .append(card(Html.table(BaselineTables.goals(report))));
    notes(report.notes());
    report.rows().forEach(this::row);
    html.append("</body>\n</html>\n");
  }

  private void row(RowResult row) {
    html.append("<h2>Row %d: %s</h2>\n".formatted(row.number(), Html.escape(row.work())))
        .append("<div class=\"cards\">\n")
        .append(card(Html.table(BaselineTables.details(row))));
    if (!row.rates().isEmpty()) {
      html.append(card(rates(row.rates())));
    }
    html.append("</div>\n");
    notes(row.notes());
  }

  private static String rates(List<RateLine> lines) {
    SvgChart chart =
        new SvgChart(
            "Rate, round by round",
            Axis.linear("round", Units::tick),
            Axis.linear("per second", Units::tick));
    lines.forEach(line -> chart.line(line.name(), points(line.perSecond())));
    return chart.svg();
  }

  private static List<Point> points(List<Double> values) {
    return IntStream.range(0, values.size())
        .mapToObj(i -> new Point(i + 1, values.get(i)))
        .toList();
  }

  private void notes(List<String> notes) {
    notes.forEach(note -> html.append(Html.paragraph("Note: " + note)));
  }

  private static String card(String content) {
    return "<div class=\"card\">" + content + "</div>\n";
  }
}
