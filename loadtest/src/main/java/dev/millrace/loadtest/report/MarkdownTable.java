// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import java.util.ArrayList;
import java.util.List;

/** A table as Markdown. */
final class MarkdownTable {
  private MarkdownTable() {}

  static List<String> lines(TextTable table) {
    List<List<String>> rows = table.rows();
    List<String> lines = new ArrayList<>();
    lines.add(line(rows.getFirst()));
    List<String> rule = new ArrayList<>();
    for (int i = 0; i < rows.getFirst().size(); i++) {
      rule.add(table.isWords(i) ? "---" : "---:");
    }
    lines.add("|" + String.join("|", rule) + "|");
    rows.subList(1, rows.size()).forEach(row -> lines.add(line(row)));
    return lines;
  }

  private static String line(List<String> cells) {
    List<String> escaped = new ArrayList<>();
    cells.forEach(cell -> escaped.add(escape(cell)));
    return "| " + String.join(" | ", escaped) + " |";
  }

  static String escape(String text) {
    return text.replace("|", "\\|").replace("_", "\\_");
  }
}
