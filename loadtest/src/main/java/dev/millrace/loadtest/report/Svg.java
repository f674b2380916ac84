// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.report.SvgChart.Point;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Writes elements of SVG; text is escaped, numbers are short. */
final class Svg {
  private final StringBuilder out = new StringBuilder();

  void raw(String element) {
    out.append(element);
  }

  void text(String type, double x, double y, String anchor, String text) {
    out.append(
        "<text class=\"%s\" x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>"
            .formatted(type, number(x), number(y), anchor, Html.escape(text)));
  }

  void line(String type, double x1, double y1, double x2, double y2) {
    out.append(
        "<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>"
            .formatted(type, number(x1), number(y1), number(x2), number(y2)));
  }

  void bar(String type, double x, double y, double width, double height, String title) {
    out.append(
        "<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"><title>%s</title></rect>"
            .formatted(
                type, number(x), number(y), number(width), number(height), Html.escape(title)));
  }

  void dot(String type, double x, double y, String title) {
    out.append(
        "<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"3.5\"><title>%s</title></circle>"
            .formatted(type, number(x), number(y), Html.escape(title)));
  }

  void path(String type, List<Point> points, ToDoubleFunction<Point> x, ToDoubleFunction<Point> y) {
    out.append("<path class=\"%s\" d=\"".formatted(type));
    String command = "M";
    for (Point point : points) {
      out.append(command)
          .append(number(x.applyAsDouble(point)))
          .append(' ')
          .append(number(y.applyAsDouble(point)));
      command = "L";
    }
    out.append("\"/>");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
