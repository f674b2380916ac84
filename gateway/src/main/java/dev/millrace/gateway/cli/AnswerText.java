// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonText;
import dev.millrace.backends.json.NestedArray;
import java.util.ArrayList;
import java.util.List;

/** An answer for people: a heading per output and a line per row; long ones are cut. */
final class AnswerText {
  // what fits a screen; --json shows everything
  private static final int MAX_ROWS = 20;
  private static final int MAX_ROW_ELEMENTS = 20;

  private AnswerText() {}

  static List<String> lines(InferAnswer answer) {
    List<String> lines = new ArrayList<>();
    lines.add("%s version %s".formatted(answer.model(), answer.version()));
    answer.outputs().forEach(output -> lines.addAll(lines(output)));
    return lines;
  }

  private static List<String> lines(InferAnswer.Output output) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "  %s  %s %s".formatted(output.name(), output.datatype(), ShapeFit.show(output.shape())));
    int rows = output.shape().isEmpty() ? 1 : output.shape().getFirst().intValue();
    int each = rows == 0 ? 0 : output.elements().size() / rows;
    for (int row = 0; row < Math.min(rows, MAX_ROWS); row++) {
      lines.add("    " + row(output, row * each, each));
    }
    if (rows > MAX_ROWS) {
      lines.add("    … %d rows more (--json shows all)".formatted(rows - MAX_ROWS));
    }
    return lines;
  }

  private static String row(InferAnswer.Output output, int from, int count) {
    List<Json> elements = output.elements().subList(from, from + count);
    if (count > MAX_ROW_ELEMENTS) {
      String first = JsonText.write(new Json.Items(elements.subList(0, MAX_ROW_ELEMENTS)));
      return "%s … %d more".formatted(first, count - MAX_ROW_ELEMENTS);
    }
    int rank = output.shape().size();
    return JsonText.write(
        NestedArray.nest(rank < 2 ? List.of() : output.shape().subList(1, rank), elements));
  }
}
