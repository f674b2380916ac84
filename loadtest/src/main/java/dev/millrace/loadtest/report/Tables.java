// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static dev.millrace.loadtest.report.Units.count;
import static dev.millrace.loadtest.report.Units.percent;
import static dev.millrace.loadtest.report.Units.rate;
import static dev.millrace.loadtest.report.Units.ratio;
import static dev.millrace.loadtest.report.Units.time;

import dev.millrace.loadtest.load.Comparison;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Measurement.VariantResult;
import dev.millrace.loadtest.load.Overload;
import dev.millrace.loadtest.load.Peak;
import dev.millrace.loadtest.load.Trial;
import io.grpc.Status;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** The tables of a report, in text and HTML alike. */
final class Tables {
  private Tables() {}

  /** Latency of answers with status OK, all of them and each variant if there are several. */
  static TextTable latency(Measurement measurement) {
    TextTable table = new TextTable("", "OK", "rate", "p50", "p90", "p95", "p99", "p99.9", "max");
    double seconds = measurement.seconds();
    table.add(latencyRow("all", measurement.latency(), seconds));
    if (measurement.variants().size() > 1) {
      for (VariantResult variant : measurement.variants()) {
        table.add(latencyRow(variant.label(), variant.latency(), seconds));
      }
    }
    return table;
  }

  private static List<String> latencyRow(String label, Histogram latency, double seconds) {
    return List.of(
        label,
        count(latency.getTotalCount()),
        rate(latency.getTotalCount() / seconds),
        at(latency, 50),
        at(latency, 90),
        at(latency, 95),
        at(latency, 99),
        at(latency, 99.9),
        at(latency, 100));
  }

  /** What became of the requests. */
  static TextTable outcomes(Measurement measurement) {
    TextTable table = new TextTable("status", "answers", "share", "for example");
    measurement
        .outcomes()
        .forEach(
            (code, answers) ->
                table.add(
                    code.name(),
                    count(answers),
                    percent((double) answers / measurement.answered()),
                    example(measurement.messages(), code)));
    return table;
  }

  private static String example(Map<Status.Code, String> messages, Status.Code code) {
    // a server may send anything
    return messages.getOrDefault(code, "").replaceAll("\\p{Cntrl}+", " ");
  }

  static TextTable trials(Peak peak) {
    TextTable table = new TextTable("offered", "OK", "p50", peak.slo().name(), "failed", "");
    for (Trial trial : peak.trials()) {
      Measurement measurement = trial.measurement();
      table.add(
          rate(trial.offered()),
          rate(measurement.rate()),
          at(measurement.latency(), 50),
          at(measurement.latency(), peak.slo().percentile()),
          count(measurement.failed()),
          trial.missed().map(why -> "missed: " + why).orElse("met"));
    }
    return table;
  }

  static TextTable overload(Overload overload) {
    TextTable table =
        new TextTable(
            "load",
            "offered",
            "goodput",
            "OK p50",
            "OK p99",
            "not OK p50",
            "not OK p99",
            "outcomes");
    for (Overload.Row row : overload.rows()) {
      Measurement measurement = row.measurement();
      table.add(
          String.format(Locale.ROOT, "%.1f ×", row.factor()),
          rate(row.offered()),
          rate(measurement.goodput()),
          at(measurement.latency(), 50),
          at(measurement.latency(), 99),
          at(measurement.negative(), 50),
          at(measurement.negative(), 99),
          shares(measurement));
    }
    return table;
  }

  private static String shares(Measurement measurement) {
    StringBuilder shares = new StringBuilder();
    measurement
        .outcomes()
        .forEach(
            (code, answers) ->
                shares
                    .append(shares.isEmpty() ? "" : ", ")
                    .append(code)
                    .append(' ')
                    .append(percent((double) answers / measurement.answered())));
    return shares.toString();
  }

  static TextTable comparison(Comparison comparison) {
    TextTable table = new TextTable("", "A", "B", "A/B median", "min", "max");
    compare(table, "rate", comparison, Measurement::rate, false);
    compare(table, "p50", comparison, m -> m.latency().getValueAtPercentile(50), true);
    compare(table, "p99", comparison, m -> m.latency().getValueAtPercentile(99), true);
    return table;
  }

  private static void compare(
      TextTable table,
      String name,
      Comparison comparison,
      ToDoubleFunction<Measurement> figure,
      boolean isTime) {
    double a = Comparison.median(comparison.a(), figure);
    double b = Comparison.median(comparison.b(), figure);
    Comparison.Spread ratio = comparison.ratio(figure);
    table.add(
        name,
        isTime ? time(a) : rate(a),
        isTime ? time(b) : rate(b),
        ratio(ratio.median()),
        ratio(ratio.min()),
        ratio(ratio.max()));
  }

  private static String at(Histogram latency, double percentile) {
    return latency.getTotalCount() == 0
        ? TextTable.NO_FIGURE
        : time(latency.getValueAtPercentile(percentile));
  }
}
