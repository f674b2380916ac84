// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.changes.ChangesPlan;
import dev.millrace.loadtest.changes.ChangesReport;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.report.ChangesText;
import dev.millrace.loadtest.report.ProgressLine;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code millrace changes}: what it costs to change what serves. */
@Command(
    name = "changes",
    description = {
      "Starts a gateway, puts constant load on it, and replaces versions, changes replicas and goes "
          + "through canaries meanwhile; one of them is far slower, and has to be rolled back.",
      "",
      "Compares with as much time without changes, by turns. Takes three minutes."
    },
    abbreviateSynopsis = true,
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace changes --quick                   half a minute",
      "  millrace changes --swaps 500 --seconds 300 ten minutes"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:no request failed, and the slow canary was rolled back",
      "1:not so, or the gateway could not be started",
      "2:the arguments are wrong; standard error lists all of it",
      "130:ended by Ctrl-C"
    })
final class ChangesCommand implements Callable<Integer> {
  private static final double MAX_RATE = 100_000;
  private static final int MAX_SWAPS = 10_000;
  private static final double MAX_SECONDS = 3600;

  /** Measures what a plan says. */
  interface Measuring {
    ChangesReport run(ChangesPlan plan, Stop stop, Observer observer)
        throws IOException, InterruptedException;
  }

  private final Shell shell;
  private final Measuring measuring;

  @Option(names = "--quick", description = "Fewer changes, half a minute.")
  private boolean quick;

  @Option(
      names = "--rate",
      paramLabel = "RPS",
      description = "Requests per second, independent of each other; 600 unless given.")
  private @Nullable Double rate;

  @Option(
      names = "--swaps",
      paramLabel = "N",
      description = "How often a version replaces the other; 100 unless given.")
  private @Nullable Integer swaps;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Without changes, in all, and about as many with them; 80 unless given.")
  private @Nullable Double seconds;

  @Option(
      names = "--rehearsals",
      paramLabel = "N",
      description = {
        "Swaps before anything counts, so that the code of changes is compiled; 2 unless",
        "given, as in a gateway that is changed now and then."
      })
  private @Nullable Integer rehearsals;

  @Option(names = "--quiet", description = "Show no progress.")
  private boolean quiet;

  ChangesCommand(Shell shell, Measuring measuring) {
    this.shell = shell;
    this.measuring = measuring;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    check();
    // the gateway is to be ended and its files removed, whenever a signal comes
    shell.onMeasuring().run();
    ChangesReport report =
        measuring.run(
            plan(),
            shell.stop(),
            quiet ? Observer.NONE : new ProgressLine(shell.err(), shell.isTerminal()));
    ChangesText.lines(report).forEach(shell.out()::println);
    shell.out().flush();
    List<String> faults = report.faults();
    faults.forEach(shell.err()::println);
    shell.err().flush();
    if (shell.stop().isAsked()) {
      return CommandLineInterface.INTERRUPTED;
    }
    return faults.isEmpty() ? 0 : CommandLineInterface.FAILED;
  }

  private void check() {
    Problems problems = new Problems();
    problems.require(
        rate == null || (rate >= 1 && rate <= MAX_RATE),
        "--rate: %s (expected 1..%.0f)".formatted(rate, MAX_RATE));
    problems.require(
        swaps == null || (swaps >= 1 && swaps <= MAX_SWAPS),
        "--swaps: %s (expected 1..%d)".formatted(swaps, MAX_SWAPS));
    problems.require(
        rehearsals == null || (rehearsals >= 0 && rehearsals <= MAX_SWAPS),
        "--rehearsals: %s (expected 0..%d)".formatted(rehearsals, MAX_SWAPS));
    problems.require(
        seconds == null || (seconds >= 1 && seconds <= MAX_SECONDS),
        "--seconds: %s (expected 1..%.0f)".formatted(seconds, MAX_SECONDS));
    problems.check();
  }

  private ChangesPlan plan() {
    ChangesPlan plan = quick ? ChangesPlan.quick() : ChangesPlan.full();
    if (rate != null) {
      plan = plan.withRate(rate);
    }
    if (swaps != null) {
      plan = plan.withSwaps(swaps);
    }
    if (rehearsals != null) {
      plan = plan.withRehearsals(rehearsals);
    }
    return seconds == null ? plan : plan.withSeconds(seconds);
  }
}
