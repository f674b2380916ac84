// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import java.util.List;

/** Pieces of a page. */
final class Html {
  private Html() {}

  /** Text that may hold anything. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  static String paragraph(String text) {
    return "<p>" + escape(text) + "</p>\n";
  }

  static String table(TextTable table) {
    StringBuilder html = new StringBuilder("<table>\n");
    String cell = "th";
    for (List<String> row : table.rows()) {
      html.append("<tr>");
      for (int i = 0; i < row.size(); i++) {
        String type = table.isWords(i) ? " class=\"words\"" : "";
        html.append("<%s%s>%s</%s>".formatted(cell, type, escape(row.get(i)), cell));
      }
      html.append("</tr>\n");
      cell = "td";
    }
    return html.append("</table>\n").toString();
  }
}
