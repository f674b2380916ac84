// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.load.Comparison;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Overload;
import dev.millrace.loadtest.load.Peak;
import dev.millrace.loadtest.load.Trial;
import dev.millrace.loadtest.load.Window;
import dev.millrace.loadtest.report.SvgChart.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;

/** The charts of a report. */
final class Charts {
  private static final int POINTS_PER_NINE = 20;
  private static final int BARS = 48;

  private Charts() {}

  /** Latency by percentile, for one or several servers. */
  static String percentiles(Map<String, Histogram> latencies) {
    SvgChart chart =
        new SvgChart("Latency by percentile", Axis.nines("percentile"), timeAxis("latency"));
    latencies.forEach((name, latency) -> chart.line(name, percentilePoints(latency)));
    return chart.svg();
  }

  private static List<Point> percentilePoints(Histogram latency) {
    List<Point> points = new ArrayList<>();
    // as far as single answers tell them apart
    double nines = Math.log10((double) Math.max(10, latency.getTotalCount()));
    for (int i = 0; i <= nines * POINTS_PER_NINE; i++) {
      double percentile = 100 * (1 - Math.pow(10, -(double) i / POINTS_PER_NINE));
      points.add(new Point(percentile, latency.getValueAtPercentile(percentile)));
    }
    return points;
  }

  /** How many answers took how long. */
  static String histogram(Histogram latency) {
    SvgChart chart =
        new SvgChart(
            "How many answers took how long",
            timeAxis("latency"),
            Axis.linear("percent of the answers", Units::tick));
    double low = Math.log((double) Math.max(1, latency.getMinValue()));
    double width = Math.max(1e-3, (Math.log(latency.getMaxValue() + 1.0) - low) / BARS);
    long[] counts = new long[BARS];
    for (HistogramIterationValue value : latency.recordedValues()) {
      double bar = (Math.log((double) Math.max(1, value.getValueIteratedTo())) - low) / width;
      counts[(int) Math.clamp(bar, 0, BARS - 1)] += value.getCountAtValueIteratedTo();
    }
    for (int i = 0; i < BARS; i++) {
      if (counts[i] > 0) {
        chart.bar(
            Math.exp(low + i * width),
            Math.exp(low + (i + 1) * width),
            100.0 * counts[i] / latency.getTotalCount());
      }
    }
    return chart.svg();
  }

  static String latencyOverTime(List<Window> all) {
    // a window without answers has no latency
    List<Window> windows = all.stream().filter(window -> window.rate() > 0).toList();
    return new SvgChart("Latency over time", secondsAxis(), timeAxis("latency"))
        .line("p50", points(windows, Window::seconds, Window::p50Nanos))
        .line("p99", points(windows, Window::seconds, Window::p99Nanos))
        .svg();
  }

  static String rateOverTime(List<Window> windows) {
    SvgChart chart =
        new SvgChart("Rate over time", secondsAxis(), rateAxis("per second"))
            .line("OK", points(windows, Window::seconds, Window::rate));
    if (windows.stream().anyMatch(window -> window.failed() > 0)) {
      chart.line("failed", failedPoints(windows));
    }
    return chart.svg();
  }

  private static List<Point> failedPoints(List<Window> windows) {
    List<Point> points = new ArrayList<>();
    double begin = 0;
    for (Window window : windows) {
      points.add(new Point(window.seconds(), window.failed() / (window.seconds() - begin)));
      begin = window.seconds();
    }
    return points;
  }

  static String rateByRound(Comparison comparison) {
    return new SvgChart(
            "Rate by round", Axis.linear("round", Units::tick), rateAxis("OK per second"))
        .line("A", ratePoints(comparison.a()))
        .line("B", ratePoints(comparison.b()))
        .svg();
  }

  private static List<Point> ratePoints(List<Measurement> rounds) {
    return IntStream.range(0, rounds.size())
        .mapToObj(i -> new Point(i + 1.0, rounds.get(i).rate()))
        .toList();
  }

  static String latencyOverRate(Peak peak) {
    double percentile = peak.slo().percentile();
    List<Trial> trials =
        byRate(peak).stream().filter(trial -> trial.measurement().ok() > 0).toList();
    return new SvgChart(
            "Latency over offered load", rateAxis("offered per second"), timeAxis("latency"))
        .line("p50", points(trials, Trial::offered, t -> at(t.measurement(), 50)))
        .line(
            peak.slo().name(), points(trials, Trial::offered, t -> at(t.measurement(), percentile)))
        .rule("goal for " + peak.slo().name(), (double) peak.slo().limitNanos())
        .svg();
  }

  static String latencyOverLoad(Overload overload) {
    List<Overload.Row> rows =
        overload.rows().stream().filter(row -> row.measurement().ok() > 0).toList();
    List<Overload.Row> refusing =
        overload.rows().stream()
            .filter(row -> row.measurement().negative().getTotalCount() > 0)
            .toList();
    SvgChart chart =
        new SvgChart(
                "Latency over offered load", rateAxis("offered per second"), timeAxis("latency"))
            .line("OK p50", points(rows, Overload.Row::offered, r -> at(r.measurement(), 50)))
            .line("OK p99", points(rows, Overload.Row::offered, r -> at(r.measurement(), 99)));
    if (!refusing.isEmpty()) {
      chart.line(
          "not OK p50",
          points(
              refusing,
              Overload.Row::offered,
              r -> r.measurement().negative().getValueAtPercentile(50)));
    }
    return chart.rule("deadline", (double) overload.deadlineNanos()).svg();
  }

  static String goodput(Peak peak) {
    return goodput(byRate(peak), Trial::offered, Trial::measurement);
  }

  static String goodput(Overload overload) {
    return goodput(overload.rows(), Overload.Row::offered, Overload.Row::measurement);
  }

  /** The last trial at each rate, which is the one that decided. */
  private static List<Trial> byRate(Peak peak) {
    TreeMap<Double, Trial> last = new TreeMap<>();
    peak.trials().forEach(trial -> last.put(trial.offered(), trial));
    return List.copyOf(last.values());
  }

  private static <T> String goodput(
      List<T> runs, ToDoubleFunction<T> offered, Function<T, Measurement> measurement) {
    return new SvgChart(
            "Goodput over offered load", rateAxis("offered per second"), rateAxis("per second"))
        .line("answers", points(runs, offered, run -> measurement.apply(run).answerRate()))
        .line("goodput", points(runs, offered, run -> measurement.apply(run).goodput()))
        .svg();
  }

  private static double at(Measurement measurement, double percentile) {
    return measurement.latency().getValueAtPercentile(percentile);
  }

  private static <T> List<Point> points(
      List<T> items, ToDoubleFunction<T> x, ToDoubleFunction<T> y) {
    return items.stream().map(i -> new Point(x.applyAsDouble(i), y.applyAsDouble(i))).toList();
  }

  private static Axis timeAxis(String label) {
    return Axis.log(label, Units::shortTime);
  }

  private static Axis rateAxis(String label) {
    return Axis.linear(label, Units::tick);
  }

  private static Axis secondsAxis() {
    return Axis.linear("seconds", Units::tick);
  }
}
