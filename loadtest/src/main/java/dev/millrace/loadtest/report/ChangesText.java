// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.changes.CanaryResult;
import dev.millrace.loadtest.changes.ChangesReport;
import dev.millrace.loadtest.load.Measurement;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** What changes have cost, as lines of plain text. */
public final class ChangesText {
  private final ChangesReport report;
  private final List<String> lines = new ArrayList<>();

  private ChangesText(ChangesReport report) {
    this.report = report;
  }

  public static List<String> lines(ChangesReport report) {
    ChangesText text = new ChangesText(report);
    text.write();
    return text.lines;
  }

  private void write() {
    if (report.endedEarly()) {
      lines.add("ended early; this is what was measured so far");
    }
    lines.add(
        "%s, %s without changes and %s with them; %s"
            .formatted(
                Units.rate(report.plan().rate()),
                Units.seconds(report.quiet().seconds()),
                Units.seconds(report.changing().seconds()),
                report.place()));
    lines.add("");
    lines.addAll(phases().lines());
    lines.add("");
    changes("swaps", report.times().swaps());
    changes("changes of replicas", report.times().scales());
    changes("1 to 4 replicas", report.times().scaleUps());
    report.times().canaries().forEach(this::canary);
    processor(report.processor());
    memory(report.memory());
    warnings("quiet", report.quiet());
    warnings("changing", report.changing());
  }

  private TextTable phases() {
    List<Measurement> phases =
        List.of(report.quiet(), report.swapping(), report.canaries(), report.changing());
    TextTable table =
        new TextTable("", "quiet", "swaps, replicas", "canaries", "all changes", "all / quiet");
    row(table, "requests", phases, phase -> Units.count(phase.answered()));
    row(table, "failed", phases, ChangesText::failed);
    row(table, "wrong answers", phases, phase -> Units.count(phase.wrong()));
    for (double percentile : new double[] {50, 90, 99, 99.9}) {
      List<String> cells = new ArrayList<>();
      cells.add("p" + Units.tick(percentile));
      phases.forEach(
          phase -> cells.add(Units.time(phase.latency().getValueAtPercentile(percentile))));
      cells.add(ratio(percentile));
      table.add(cells);
    }
    return table;
  }

  private static void row(
      TextTable table,
      String name,
      List<Measurement> phases,
      Function<Measurement, String> figure) {
    List<String> cells = new ArrayList<>();
    cells.add(name);
    phases.forEach(phase -> cells.add(figure.apply(phase)));
    cells.add(TextTable.NO_FIGURE);
    table.add(cells);
  }

  private String ratio(double percentile) {
    return String.format(
        Locale.ROOT,
        "%.2f",
        (double) report.changing().latency().getValueAtPercentile(percentile)
            / report.quiet().latency().getValueAtPercentile(percentile));
  }

  private static String failed(Measurement measurement) {
    Map<Status.Code, Long> failed = new TreeMap<>(measurement.outcomes());
    failed.remove(Status.Code.OK);
    failed.values().removeIf(count -> count == 0);
    return failed.isEmpty() ? "0" : failed.toString();
  }

  private void changes(String what, List<Long> nanos) {
    if (!nanos.isEmpty()) {
      List<Long> sorted = nanos.stream().sorted().toList();
      lines.add(
          "%s: %d, median %s, at most %s"
              .formatted(
                  what,
                  nanos.size(),
                  Units.time(sorted.get(sorted.size() / 2)),
                  Units.time(sorted.getLast())));
    }
  }

  private void canary(CanaryResult canary) {
    lines.add(
        "%s canary: %s after %s"
            .formatted(
                canary.isGood() ? "good" : "bad",
                canary.isDone() ? "all traffic" : "rolled back (" + canary.reason() + ")",
                Units.time(canary.nanos())));
  }

  private void processor(ChangesReport.Processor used) {
    lines.add(
        "processor time: %s a second quiet, %s while swapping; a swap %s, of which the compilers %s"
            .formatted(
                Units.time(used.quiet() / report.quiet().seconds()),
                Units.time(used.swapping() / report.swapping().seconds()),
                Units.time(report.processorNanosOfASwap()),
                Units.time(report.compilerNanosOfASwap())));
  }

  private void memory(ChangesReport.Memory memory) {
    lines.add(
        "resident: %s before, %s after half of the swaps, %s after all of it; %s MiB more outside of the heap"
            .formatted(
                mebibytes(memory.before()),
                mebibytes(memory.halfway()),
                mebibytes(memory.after()),
                String.format(
                    Locale.ROOT, "%.1f", (memory.after() - memory.before()) / 1048576.0)));
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
  }

  private void warnings(String phase, Measurement measurement) {
    Warnings.of(measurement).forEach(line -> lines.add("WARNING, " + phase + ": " + line));
  }
}
