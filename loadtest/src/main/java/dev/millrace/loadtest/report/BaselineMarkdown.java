// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.goals.BaselineReport;
import dev.millrace.loadtest.goals.RowResult;
import java.util.ArrayList;
import java.util.List;

/** A report of baselines as Markdown: for the terminal, and for the documentation. */
public final class BaselineMarkdown {
  private BaselineMarkdown() {}

  public static String write(BaselineReport report) {
    List<String> lines = new ArrayList<>();
    lines.add("## Baselines, " + report.date().toString().substring(0, 10));
    lines.add("");
    BaselineTables.header(report).forEach(line -> lines.add(escape(line) + "  "));
    lines.add("Command: `" + report.command() + "`");
    lines.add("");
    table(lines, BaselineTables.goals(report));
    lines.add("");
    lines.add(escape(BaselineTables.summary(report)) + ".");
    notes(lines, report.notes());
    for (RowResult row : report.rows()) {
      lines.add("");
      lines.add("### Row %d: %s".formatted(row.number(), row.work()));
      lines.add("");
      table(lines, BaselineTables.details(row));
      notes(lines, row.notes());
    }
    return String.join("\n", lines) + "\n";
  }

  private static void notes(List<String> lines, List<String> notes) {
    if (!notes.isEmpty()) {
      lines.add("");
      notes.forEach(note -> lines.add("* " + escape(note.replace('\n', ' '))));
    }
  }

  private static void table(List<String> lines, TextTable table) {
    List<List<String>> rows = table.rows();
    lines.add(line(rows.getFirst()));
    List<String> rule = new ArrayList<>();
    for (int i = 0; i < rows.getFirst().size(); i++) {
      rule.add(table.isWords(i) ? "---" : "---:");
    }
    lines.add("|" + String.join("|", rule) + "|");
    rows.subList(1, rows.size()).forEach(row -> lines.add(line(row)));
  }

  private static String line(List<String> cells) {
    List<String> escaped = new ArrayList<>();
    cells.forEach(cell -> escaped.add(escape(cell)));
    return "| " + String.join(" | ", escaped) + " |";
  }

  private static String escape(String text) {
    return text.replace("|", "\\|").replace("_", "\\_");
  }
}
