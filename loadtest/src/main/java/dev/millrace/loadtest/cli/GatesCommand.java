// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.report.GateReport;
import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.gates.Comparison;
import dev.millrace.loadtest.simulator.gates.Effort;
import dev.millrace.loadtest.simulator.gates.Finding;
import dev.millrace.loadtest.simulator.gates.Gates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code millrace gates}: whether the scheduler is as good as it is said to be. */
@Command(
    name = "gates",
    description = {
      "Holds the scheduler to its goals in virtual time: against no batching, Triton's rules, other "
          + "schedulers and theory. The same every time, on every machine."
    },
    abbreviateSynopsis = true,
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace gates --short             a minute",
      "  millrace gates --only G6,G7        two of them",
      "  millrace gates --write docs        all, and what the documentation shows of it",
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:all goals are met", "1:one is not", "2:the arguments are wrong"})
final class GatesCommand implements Callable<Integer> {
  private static final String BEGIN = "<!-- gates: begin -->";
  private static final String END = "<!-- gates: end -->";

  private final Shell shell;

  @Option(names = "--short", description = "Fewer cells, shorter runs.")
  private boolean isShort;

  @Option(
      names = "--only",
      paramLabel = "GATE",
      split = ",",
      description = "Some of them, such as G6,G7.")
  private List<String> only = new ArrayList<>();

  @Option(
      names = "--scheduler",
      paramLabel = "NAME",
      description = "Which is held to them, ours unless given; others show what the goals mean.")
  private String scheduler = "ours";

  @Option(
      names = "--write",
      paramLabel = "FOLDER",
      description = "Write the table into scheduling.md and the plots beside it.")
  private @Nullable Path folder;

  GatesCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    check();
    Scheduler.Factory ours =
        SimulateReader.schedulers()
            .getOrDefault(
                scheduler,
                setting -> {
                  throw new IllegalStateException(scheduler);
                });
    Effort effort = isShort ? Effort.brief() : Effort.full();
    List<Finding> findings =
        Gates.of(ours, effort, only)
            .measure(Runtime.getRuntime().availableProcessors(), this::progress);
    GateReport.lines(findings).forEach(shell.out()::println);
    shell.out().flush();
    if (folder != null) {
      write(folder, findings, ours, effort);
    }
    return findings.stream().allMatch(Finding::isMet) ? 0 : CommandLineInterface.FAILED;
  }

  private void check() {
    Problems problems = new Problems();
    List<String> known = Gates.ids();
    for (String id : only) {
      problems.require(
          known.contains(id), "--only: '%s' (expected %s)".formatted(id, String.join(", ", known)));
    }
    problems.require(
        SimulateReader.schedulers().containsKey(scheduler),
        "--scheduler: '%s' (expected %s)"
            .formatted(scheduler, String.join(", ", SimulateReader.schedulers().keySet())));
    if (folder != null) {
      problems.require(
          Files.isDirectory(folder) && Files.isWritable(folder),
          "--write: %s (expected a folder that can be written to)".formatted(folder));
    }
    problems.check();
  }

  private void progress(int done, int of, String gate) {
    if (shell.isTerminal()) {
      shell.err().printf("\r%s, %d of %d cells %s", gate, done, of, done == of ? "\n" : "");
      shell.err().flush();
    }
  }

  private void write(Path docs, List<Finding> findings, Scheduler.Factory ours, Effort effort)
      throws IOException {
    Files.writeString(
        docs.resolve("scheduling-goodput.svg"),
        GateReport.goodputPlot(Comparison.goodput(ours, effort)));
    Files.writeString(
        docs.resolve("scheduling-capacity.svg"),
        GateReport.capacityPlot(Comparison.capacity(ours, effort)));
    Path page = docs.resolve("scheduling.md");
    String table = GateReport.markdown(findings, command());
    String section =
        """
        %s

        %s
        ![Goodput over offered load](scheduling-goodput.svg)
        ![Capacity over replicas](scheduling-capacity.svg)

        %s"""
            .formatted(BEGIN, table, END);
    String before = Files.exists(page) ? Files.readString(page) : "# Scheduling\n\n";
    Files.writeString(page, replaced(before, section));
  }

  /** What stands around the section stays. */
  private static String replaced(String page, String section) {
    int begin = page.indexOf(BEGIN);
    int end = page.indexOf(END);
    if (begin < 0 || end < begin) {
      return page + section + "\n";
    }
    return page.substring(0, begin) + section + page.substring(end + END.length());
  }

  private String command() {
    return "./millrace gates"
        + (isShort ? " --short" : "")
        + (only.isEmpty() ? "" : " --only " + String.join(",", only));
  }
}
