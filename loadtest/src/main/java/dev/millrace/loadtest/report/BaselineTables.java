// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.goals.BaselineReport;
import dev.millrace.loadtest.goals.Figure;
import dev.millrace.loadtest.goals.RowResult;
import java.util.List;
import java.util.Locale;

/** What the reports of baselines have in common. */
final class BaselineTables {
  private BaselineTables() {}

  /** The facts above the table, a line each. */
  static List<String> header(BaselineReport report) {
    return List.of(
        "%s, %.0f s".formatted(report.date(), report.seconds()),
        "Machine: " + report.machine(),
        "Software: " + report.software(),
        "Layout: " + report.layout(),
        "Figures are medians of rounds in turns, with the least and the most.");
  }

  /** Every figure that has a goal, and the first of rows that have none. */
  static TextTable goals(BaselineReport report) {
    TextTable table = new TextTable("#", "work", "figure", "measured", "goal", "met?");
    for (RowResult row : report.rows()) {
      List<Figure> figures = row.withGoals();
      for (Figure figure : figures.isEmpty() ? row.figures().subList(0, 1) : figures) {
        table.add(
            String.valueOf(row.number()),
            row.work(),
            figure.name(),
            FigureText.measured(figure),
            FigureText.goal(figure),
            FigureText.met(figure));
      }
    }
    return table;
  }

  /** Everything that was found for a row. */
  static TextTable details(RowResult row) {
    TextTable table = new TextTable("figure", "median", "least..most", "goal");
    for (Figure figure : row.figures()) {
      String[] parts = FigureText.measured(figure).split(" \\(", 2);
      table.add(
          figure.name(),
          parts[0],
          parts.length == 1 ? TextTable.NO_FIGURE : parts[1].replace(")", ""),
          FigureText.goal(figure));
    }
    return table;
  }

  /** Which goals are not met. */
  static String summary(BaselineReport report) {
    List<Figure> goals = report.rows().stream().flatMap(row -> row.withGoals().stream()).toList();
    List<String> missed =
        report.rows().stream()
            .flatMap(row -> row.withGoals().stream().map(figure -> missed(row, figure)))
            .filter(line -> !line.isEmpty())
            .toList();
    return "%d of %d goals met%s"
        .formatted(
            goals.size() - missed.size(),
            goals.size(),
            missed.isEmpty() ? "" : "; short: " + String.join("; ", missed));
  }

  private static String missed(RowResult row, Figure figure) {
    return figure.isMet().orElse(true)
        ? ""
        : String.format(
            Locale.ROOT,
            "row %d, %s: %s (goal %s)",
            row.number(),
            figure.name(),
            FigureText.measured(figure),
            FigureText.goal(figure));
  }
}
