// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.json.Json;
import dev.millrace.gateway.scheduling.Quantities;
import java.util.ArrayList;
import java.util.List;

/** A gateway's scheduling report for people: what it says of itself, and what it has learned. */
final class SchedulingText {
  private SchedulingText() {}

  static List<String> lines(Json report) {
    List<String> lines = new ArrayList<>();
    lines.add("%s version %s".formatted(text(report, "model"), text(report, "version")));
    for (Json sentence : items(report, "explanation")) {
      lines.add("  " + (sentence instanceof Json.Text said ? said.text() : sentence.kind()));
    }
    List<Json> curves = items(report, "curves");
    if (!curves.isEmpty()) {
      lines.add("");
      lines.addAll(table(curves));
    }
    return lines;
  }

  private static List<String> table(List<Json> curves) {
    Table table =
        new Table(
            "ROW SIZE",
            "SAMPLES",
            "1 ROW",
            "KNEE",
            "BEST",
            "TIME AT BEST",
            "ROWS/S AT BEST",
            "VARIATION");
    for (Json curve : curves) {
      double rows = number(curve, "cap_rows");
      double micros = number(curve, "cap_micros");
      table.add(
          text(curve, "shape"),
          Quantities.number(number(curve, "samples")),
          Quantities.time(1e3 * number(curve, "one_row_micros")),
          Quantities.number(number(curve, "knee_rows")),
          Quantities.number(rows),
          Quantities.time(1e3 * micros),
          Quantities.number(rows * 1e6 / Math.max(1e-3, micros)),
          Quantities.percent(number(curve, "variation")));
    }
    return table.lines();
  }

  private static String text(Json object, String name) {
    return member(object, name) instanceof Json.Text text ? text.text() : "?";
  }

  private static double number(Json object, String name) {
    return member(object, name) instanceof Json.Num number
        ? Double.parseDouble(number.literal())
        : 0;
  }

  private static List<Json> items(Json object, String name) {
    return member(object, name) instanceof Json.Items items ? items.items() : List.of();
  }

  private static Json member(Json object, String name) {
    return object instanceof Json.Members members
        ? members.get(name).orElse(new Json.Null())
        : new Json.Null();
  }
}
