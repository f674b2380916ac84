// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.load.Comparison;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Measurements;
import dev.millrace.loadtest.load.Overload;
import dev.millrace.loadtest.load.Peak;
import dev.millrace.loadtest.load.Trial;
import java.util.ArrayList;
import java.util.List;

/** A report as lines of plain text. */
public final class TextReport {
  private final List<String> lines = new ArrayList<>();

  private TextReport() {}

  public static List<String> lines(BenchReport report) {
    TextReport text = new TextReport();
    text.write(report);
    return text.lines;
  }

  private void write(BenchReport report) {
    if (report.end() == BenchReport.End.CANCEL) {
      lines.add("ended early; this is what was measured so far");
    }
    switch (report.findings()) {
      case Findings.Plain plain -> measurement(plain.observation().total());
      case Findings.Highest highest -> peak(highest.peak());
      case Findings.Overloaded overloaded -> {
        overloaded.search().ifPresent(this::peak);
        overload(overloaded.overload());
      }
      case Findings.Compared compared -> {
        lines.add("A: " + compared.a());
        lines.add("B: " + compared.b());
        compared(compared.comparison());
      }
    }
    report.notes().forEach(note -> lines.add("note: " + note));
  }

  private void peak(Peak peak) {
    if (!peak.trials().isEmpty()) {
      lines.addAll(Tables.trials(peak).lines());
      blank();
    }
    lines.add(Sentences.peak(peak));
    peak.confirmed().map(Trial::measurement).ifPresent(this::measurement);
  }

  private void overload(Overload overload) {
    blank();
    lines.add(Sentences.overload(overload));
    lines.addAll(Tables.overload(overload).lines());
    overload.rows().forEach(row -> warnings(row.offered(), row.measurement()));
  }

  private void compared(Comparison comparison) {
    if (comparison.rounds() == 0) {
      lines.add("no round was finished");
      if (!comparison.a().isEmpty()) {
        lines.add("A alone:");
        measurement(Measurements.sum(comparison.a()));
      }
      return;
    }
    lines.addAll(Tables.comparison(comparison).lines());
    lines.add(Sentences.rounds(comparison));
    warnings("A", comparison.a());
    warnings("B", comparison.b());
  }

  private void measurement(Measurement measurement) {
    lines.addAll(Sentences.summary(measurement));
    blank();
    lines.addAll(Tables.latency(measurement).lines());
    if (measurement.failed() > 0) {
      blank();
      lines.addAll(Tables.outcomes(measurement).lines());
    }
    Warnings.of(measurement).forEach(warning -> lines.add("WARNING: " + warning));
  }

  private void warnings(double offered, Measurement measurement) {
    Warnings.of(measurement)
        .forEach(warning -> lines.add("WARNING at " + Units.rate(offered) + ": " + warning));
  }

  private void warnings(String name, List<Measurement> rounds) {
    rounds.stream()
        .flatMap(round -> Warnings.of(round).stream())
        .findFirst()
        .ifPresent(warning -> lines.add("WARNING for " + name + ": " + warning));
  }

  private void blank() {
    if (!lines.isEmpty()) {
      lines.add("");
    }
  }
}
