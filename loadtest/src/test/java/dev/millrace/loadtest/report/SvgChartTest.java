// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.report.SvgChart.Point;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SvgChartTest {
  private static final Axis AXIS = Axis.linear("x < y", Units::tick);

  @Test
  void linesGoThroughTheirPointsAndSayTheirValues() {
    String svg =
        new SvgChart("title", AXIS, AXIS)
            .line("a", List.of(new Point(0, 0), new Point(10, 10)))
            .svg();

    assertThat(svg)
        .contains("<path class=\"line s0\" d=\"M76.0 292.0L616.0 74.0\"/>")
        .contains("<title>a: 10, 10</title>")
        .contains("x &lt; y");
  }

  @Test
  void severalLinesHaveALegendAndOneHasNone() {
    SvgChart chart = new SvgChart("", AXIS, AXIS).line("one", List.of(new Point(1, 1)));
    assertThat(chart.svg()).doesNotContain(">one</text>");

    assertThat(chart.line("two", List.of()).svg()).contains(">one</text>", ">two</text>");
  }

  @Test
  void aFileOfItsOwnBringsItsStyle() {
    SvgChart chart = new SvgChart("", AXIS, AXIS).bar(1, 2, 3).rule("goal", 4);

    assertThat(chart.file()).contains("prefers-color-scheme").contains("<rect", ">goal</text>");
    assertThat(chart.svg()).doesNotContain("<style>");
  }
}
