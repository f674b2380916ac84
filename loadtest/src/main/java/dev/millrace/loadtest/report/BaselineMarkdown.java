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
    lines.add(
        "## %s, ".formatted(report.table().title()) + report.date().toString().substring(0, 10));
    lines.add("");
    BaselineTables.header(report).forEach(line -> lines.add(MarkdownTable.escape(line) + "  "));
    lines.add("Command: `" + report.command() + "`");
    lines.add("");
    lines.addAll(MarkdownTable.lines(BaselineTables.goals(report)));
    lines.add("");
    lines.add(MarkdownTable.escape(BaselineTables.summary(report)) + ".");
    notes(lines, report.notes());
    for (RowResult row : report.rows()) {
      lines.add("");
      lines.add("### Row %d: %s".formatted(row.number(), row.work()));
      lines.add("");
      lines.addAll(MarkdownTable.lines(BaselineTables.details(row)));
      notes(lines, row.notes());
    }
    return String.join("\n", lines) + "\n";
  }

  private static void notes(List<String> lines, List<String> notes) {
    if (!notes.isEmpty()) {
      lines.add("");
      notes.forEach(note -> lines.add("* " + MarkdownTable.escape(note.replace('\n', ' '))));
    }
  }
}
