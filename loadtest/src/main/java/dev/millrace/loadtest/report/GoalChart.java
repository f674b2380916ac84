// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.goals.BaselineReport;
import dev.millrace.loadtest.goals.Figure;
import dev.millrace.loadtest.goals.Goal;
import dev.millrace.loadtest.goals.RowResult;
import dev.millrace.loadtest.load.Comparison.Spread;
import java.util.ArrayList;
import java.util.List;

/**
 * A chart of figures against their goals, a line each: a dot for the median, a bar from the least
 * to the most, and a rule where the goal is. Right of the rule is better, whichever way the figure
 * goes.
 */
final class GoalChart {
  private record Line(int row, Figure figure, Goal goal) {
    double score(double value) {
      return goal.score(value);
    }
  }

  private static final int WIDTH = 900;
  private static final int LEFT = 430;
  private static final int RIGHT = WIDTH - 20;
  private static final int TOP = 60;
  private static final int STEP = 26;
  private static final int BAR = 8;

  // of the axis: twice as good as the goal
  private static final double MOST = 2;

  private final List<Line> lines = new ArrayList<>();

  private GoalChart(BaselineReport report) {
    for (RowResult row : report.rows()) {
      for (Figure figure : row.withGoals()) {
        lines.add(new Line(row.number(), figure, figure.goal().orElseThrow()));
      }
    }
  }

  /** As part of a page that has {@link SvgChart#STYLE}. */
  static String svg(BaselineReport report) {
    return new GoalChart(report).draw("");
  }

  /** As a file of its own. */
  static String file(BaselineReport report) {
    return new GoalChart(report).draw("<style>" + SvgChart.STYLE + "</style>");
  }

  private String draw(String style) {
    int bottom = TOP + STEP * lines.size();
    Svg svg = new Svg();
    svg.raw(
        "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\""
            + " viewBox=\"0 0 %d %d\">".formatted(WIDTH, bottom + 34));
    svg.raw(style);
    svg.text("title", 8, 20, "start", "Measured against the goals");
    for (double tick = 0; tick <= MOST; tick += 0.5) {
      svg.line("grid", at(tick), TOP - 6, at(tick), bottom);
    }
    svg.line("rule", at(1), TOP - 12, at(1), bottom);
    svg.text("", at(1), TOP - 18, "middle", "goal");
    svg.text("", at(0), bottom + 20, "start", "← short of it");
    svg.text("", RIGHT, bottom + 20, "end", "twice as good, or more →");
    for (int i = 0; i < lines.size(); i++) {
      line(svg, lines.get(i), TOP + STEP * i + STEP / 2.0);
    }
    svg.raw("</svg>");
    return svg.toString();
  }

  private static void line(Svg svg, Line line, double y) {
    Spread spread = line.figure().spread();
    String colour = line.figure().isMet().orElse(true) ? "s2" : "s1";
    double least = line.score(spread.min());
    double most = line.score(spread.max());
    double from = at(Math.min(least, most));
    String what =
        "%s, goal %s".formatted(FigureText.measured(line.figure()), FigureText.goal(line.figure()));
    svg.text("", LEFT - 12, y + 4, "end", "%d  %s".formatted(line.row(), line.figure().name()));
    svg.bar(
        "range " + colour,
        from,
        y - BAR / 2.0,
        Math.max(1, at(Math.max(least, most)) - from),
        BAR,
        what);
    svg.dot("dot " + colour, at(line.score(spread.median())), y, what);
  }

  private static double at(double score) {
    return LEFT + Math.min(score, MOST) / MOST * (RIGHT - LEFT);
  }
}
