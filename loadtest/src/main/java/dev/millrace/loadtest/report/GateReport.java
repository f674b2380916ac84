// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.report.SvgChart.Point;
import dev.millrace.loadtest.simulator.gates.Claim;
import dev.millrace.loadtest.simulator.gates.Comparison;
import dev.millrace.loadtest.simulator.gates.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** What the gates of the scheduler have shown: for the terminal, and for the documentation. */
public final class GateReport {
  private GateReport() {}

  /** As a table for the terminal, and a last line that sums it up. */
  public static List<String> lines(List<Finding> findings) {
    List<String> lines = new ArrayList<>(table(findings).lines());
    lines.add("");
    lines.add(summary(findings));
    return lines;
  }

  /** As a part of a Markdown file. */
  public static String markdown(List<Finding> findings, String command) {
    List<String> lines = new ArrayList<>();
    lines.add("Command: `" + command + "`. Of each gate the worst cell is shown.");
    lines.add("");
    lines.addAll(MarkdownTable.lines(table(findings)));
    lines.add("");
    lines.add(summary(findings) + ".");
    return String.join("\n", lines) + "\n";
  }

  /** How many claims hold, and which do not. */
  public static String summary(List<Finding> findings) {
    List<String> missed =
        findings.stream()
            .filter(finding -> !finding.isMet())
            .map(finding -> finding.id() + " " + finding.claim().what())
            .toList();
    return "%d of %d met%s"
        .formatted(
            findings.size() - missed.size(),
            findings.size(),
            missed.isEmpty() ? "" : "; not: " + String.join("; ", missed));
  }

  private static TextTable table(List<Finding> findings) {
    TextTable table =
        new TextTable("gate", "what", "figure", "target", "measured", "worst cell", "met?");
    for (Finding finding : findings) {
      table.add(
          finding.id(),
          finding.title(),
          finding.claim().what(),
          bound(finding.claim()),
          value(finding.worst().value()),
          finding.worst().cell(),
          finding.isMet() ? "yes" : "no");
    }
    return table;
  }

  private static String bound(Claim claim) {
    String side =
        switch (claim.bound()) {
          case AT_MOST -> "≤ ";
          case AT_LEAST -> "≥ ";
        };
    return side + claim.target();
  }

  private static String value(double value) {
    return Double.isNaN(value)
        ? TextTable.NO_FIGURE
        : Double.isInfinite(value) ? "∞" : String.format(Locale.ROOT, "%.3f", value);
  }

  public static String goodputPlot(Comparison comparison) {
    return plot(
        "Goodput over offered load: " + comparison.model(),
        "offered, of the saturated rate",
        "on time, of the saturated rate",
        comparison);
  }

  public static String capacityPlot(Comparison comparison) {
    return plot(
        "Rate with 99 % on time: " + comparison.model(),
        "replicas",
        "of the saturated rate",
        comparison);
  }

  private static String plot(String title, String x, String y, Comparison comparison) {
    SvgChart chart = new SvgChart(title, Axis.linear(x, Units::tick), Axis.linear(y, Units::tick));
    comparison
        .series()
        .forEach(
            (name, values) ->
                chart.line(
                    name,
                    IntStream.range(0, values.size())
                        .mapToObj(i -> new Point(comparison.x().get(i), values.get(i)))
                        .toList()));
    return chart.file() + "\n";
  }
}
