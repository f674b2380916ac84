// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import java.util.ArrayList;
import java.util.List;

/** Rows of text whose columns are as wide as they need to be; words to the left, figures right. */
final class TextTable {
  /** Stands where there is nothing to tell a figure of. */
  static final String NO_FIGURE = "–";

  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();

  TextTable(String... headings) {
    rows.add(List.of(headings));
  }

  void add(String... cells) {
    add(List.of(cells));
  }

  void add(List<String> cells) {
    if (cells.size() != rows.getFirst().size()) {
      throw new IllegalArgumentException(
          "%d cells (expected %d)".formatted(cells.size(), rows.getFirst().size()));
    }
    rows.add(List.copyOf(cells));
  }

  /** The headings first. */
  List<List<String>> rows() {
    return rows;
  }

  List<String> lines() {
    int[] widths = new int[rows.getFirst().size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], width(row.get(i)));
      }
    }
    return rows.stream().map(row -> line(row, widths)).toList();
  }

  /** Whether a column holds words rather than figures; the first one names its row. */
  boolean isWords(int column) {
    return column == 0
        || !rows.stream().skip(1).map(row -> row.get(column)).allMatch(TextTable::isFigure);
  }

  private static boolean isFigure(String cell) {
    return cell.equals(NO_FIGURE) || (!cell.isEmpty() && Character.isDigit(cell.charAt(0)));
  }

  private String line(List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String padding = " ".repeat(widths[i] - width(row.get(i)));
      line.append(i == 0 ? "" : GAP)
          .append(isWords(i) ? row.get(i) + padding : padding + row.get(i));
    }
    return line.toString().stripTrailing();
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
