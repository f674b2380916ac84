// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * A chart of lines or bars as SVG, in colours that follow the reader's light or dark setting.
 * Colours come from {@link #STYLE}, which a page needs once.
 */
public final class SvgChart {
  /** Style sheet of all charts. */
  public static final String STYLE =
      """
      .chart { --ink: #1d2430; --soft: #667085; --grid: #e4e7ec;
        --s0: #2563c9; --s1: #c2560c; --s2: #0f8a6d; --s3: #8a3fb0; --s4: #b0286a; }
      @media (prefers-color-scheme: dark) {
        .chart { --ink: #e6e9ef; --soft: #98a2b3; --grid: #2c3442;
          --s0: #6ea8ff; --s1: #f0955a; --s2: #3fc7a3; --s3: #c48bea; --s4: #f07bb2; } }
      .chart text { fill: var(--soft); font: 12px system-ui, sans-serif; }
      .chart .title { fill: var(--ink); font-weight: 600; font-size: 14px; }
      .chart .grid { stroke: var(--grid); stroke-width: 1; }
      .chart .rule { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4; }
      .chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
      .chart .line.s0 { stroke: var(--s0); } .chart .dot.s0, .chart .bar.s0 { fill: var(--s0); }
      .chart .line.s1 { stroke: var(--s1); } .chart .dot.s1, .chart .bar.s1 { fill: var(--s1); }
      .chart .line.s2 { stroke: var(--s2); } .chart .dot.s2, .chart .bar.s2 { fill: var(--s2); }
      .chart .line.s3 { stroke: var(--s3); } .chart .dot.s3, .chart .bar.s3 { fill: var(--s3); }
      .chart .line.s4 { stroke: var(--s4); } .chart .dot.s4, .chart .bar.s4 { fill: var(--s4); }
      .chart .over { paint-order: stroke; stroke: var(--card, none); stroke-width: 4px; }
      .chart .range { opacity: .35; }
      .chart .range.s1 { fill: var(--s1); } .chart .range.s2 { fill: var(--s2); }
      """;

  /** A place in the chart, in the units of its axes. */
  public record Point(double x, double y) {}

  private record Series(String name, List<Point> points) {}

  private record Bar(double from, double to, double height) {}

  private record Rule(String name, double y) {}

  private static final int WIDTH = 640;
  private static final int HEIGHT = 340;
  private static final int LEFT = 76;
  private static final int RIGHT = WIDTH - 24;
  private static final int TOP = 74;
  private static final int BOTTOM = HEIGHT - 48;
  private static final int COLOURS = 5;
  // more would hide the line
  private static final int MAX_DOTS = 24;

  private final String title;
  private final Axis xAxis;
  private final Axis yAxis;
  private final List<Series> lines = new ArrayList<>();
  private final List<Bar> bars = new ArrayList<>();
  private final List<Rule> rules = new ArrayList<>();

  public SvgChart(String title, Axis xAxis, Axis yAxis) {
    this.title = title;
    this.xAxis = xAxis;
    this.yAxis = yAxis;
  }

  /** Adds a line through some points, in their order. */
  public SvgChart line(String name, List<Point> points) {
    lines.add(new Series(name, List.copyOf(points)));
    return this;
  }

  /** Adds a bar over a part of the x axis. */
  public SvgChart bar(double from, double to, double height) {
    bars.add(new Bar(from, to, height));
    return this;
  }

  /** Adds a dashed line across the chart, such as a goal. */
  public SvgChart rule(String name, double y) {
    rules.add(new Rule(name, y));
    return this;
  }

  /** As part of a page that has {@link #STYLE}. */
  public String svg() {
    return svg("");
  }

  /** As a file of its own. */
  public String file() {
    return svg("<style>" + STYLE + "</style>");
  }

  private String svg(String style) {
    Axis.Range x =
        range(xAxis, Point::x, bars.stream().flatMap(bar -> Stream.of(bar.from(), bar.to())));
    Axis.Range y =
        range(
            yAxis,
            Point::y,
            Stream.concat(bars.stream().map(Bar::height), rules.stream().map(Rule::y)));
    Svg svg = new Svg();
    svg.raw(
        "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\""
            + " viewBox=\"0 0 %d %d\">".formatted(WIDTH, HEIGHT));
    svg.raw(style);
    svg.text("title", 8, 20, "start", title);
    legend(svg);
    axes(svg, x, y);
    draw(svg, x, y);
    svg.raw("</svg>");
    return svg.toString();
  }

  private Axis.Range range(Axis axis, ToDoubleFunction<Point> value, Stream<Double> others) {
    List<Double> values = new ArrayList<>(others.toList());
    lines.forEach(line -> line.points().forEach(p -> values.add(value.applyAsDouble(p))));
    return axis.over(
        values.stream().mapToDouble(v -> v).filter(v -> v > 0).min().orElse(0),
        values.stream().mapToDouble(v -> v).max().orElse(1));
  }

  private void legend(Svg svg) {
    if (lines.size() < 2) {
      return;
    }
    int left = LEFT;
    for (int i = 0; i < lines.size(); i++) {
      svg.line("line " + colour(i), left, 38, left + 18, 38);
      svg.text("", left + 24, 42, "start", lines.get(i).name());
      left += 48 + 7 * lines.get(i).name().length();
    }
  }

  private static void axes(Svg svg, Axis.Range x, Axis.Range y) {
    for (double tick : y.ticks()) {
      double at = vertical(y, tick);
      svg.line("grid", LEFT, at, RIGHT, at);
      svg.text("", LEFT - 8, at + 4, "end", y.axis().format().apply(tick));
    }
    for (double tick : x.ticks()) {
      double at = horizontal(x, tick);
      svg.line("grid", at, BOTTOM, at, BOTTOM + 5);
      svg.text("", at, BOTTOM + 20, "middle", x.axis().format().apply(tick));
    }
    svg.text("", 8, TOP - 16, "start", y.axis().label());
    svg.text("", (LEFT + RIGHT) / 2.0, HEIGHT - 8, "middle", x.axis().label());
  }

  private void draw(Svg svg, Axis.Range x, Axis.Range y) {
    for (Bar bar : bars) {
      double left = horizontal(x, bar.from());
      double top = vertical(y, bar.height());
      String what = y.axis().format().apply(bar.height());
      // a hair of the background between bars
      double width = Math.max(1, horizontal(x, bar.to()) - left - 1);
      svg.bar("bar s0", left, top, width, BOTTOM - top, label(x, bar.to()) + ": " + what);
    }
    for (Rule rule : rules) {
      double at = vertical(y, rule.y());
      svg.line("rule", LEFT, at, RIGHT, at);
    }
    for (int i = 0; i < lines.size(); i++) {
      Series line = lines.get(i);
      svg.path(
          "line " + colour(i), line.points(), p -> horizontal(x, p.x()), p -> vertical(y, p.y()));
      if (line.points().size() <= MAX_DOTS) {
        for (Point p : line.points()) {
          String what = "%s: %s, %s".formatted(line.name(), label(x, p.x()), label(y, p.y()));
          svg.dot("dot " + colour(i), horizontal(x, p.x()), vertical(y, p.y()), what);
        }
      }
    }
    // last, so that no line runs through the words
    for (Rule rule : rules) {
      svg.text("over", RIGHT, vertical(y, rule.y()) - 5, "end", rule.name());
    }
  }

  private static String colour(int series) {
    return "s" + series % COLOURS;
  }

  private static String label(Axis.Range range, double value) {
    return range.axis().format().apply(value);
  }

  private static double horizontal(Axis.Range x, double value) {
    return LEFT + x.position(value) * (RIGHT - LEFT);
  }

  private static double vertical(Axis.Range y, double value) {
    return BOTTOM - y.position(value) * (BOTTOM - TOP);
  }
}
