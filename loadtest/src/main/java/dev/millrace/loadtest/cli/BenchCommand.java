// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import static dev.millrace.loadtest.cli.CommandLineInterface.FAILED;
import static dev.millrace.loadtest.cli.CommandLineInterface.INTERRUPTED;

import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.report.BenchReport;
import dev.millrace.loadtest.report.BenchReport.End;
import dev.millrace.loadtest.report.Findings;
import dev.millrace.loadtest.report.HtmlReport;
import dev.millrace.loadtest.report.JsonReport;
import dev.millrace.loadtest.report.ProgressLine;
import dev.millrace.loadtest.report.TextReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code millrace bench}: how fast a server is. */
@Command(
    name = "bench",
    description = "Measures how fast a server of the Open Inference Protocol answers over gRPC.",
    abbreviateSynopsis = true,
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace bench localhost:8001 iris                          as fast as it goes",
      "  millrace bench localhost:8001 iris --rate 5000              at 5,000 requests a second",
      "  millrace bench localhost:8001 iris=3 digits=1               a mix of two models",
      "  millrace bench localhost:8001 iris --find-peak --slo p99=25ms --html peak.html",
      "  millrace bench localhost:8001 iris --against localhost:9001",
      "",
      "Ctrl-C prints the report of what was measured so far."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:it was measured",
      "1:a server or model is not there or was lost, no request succeeded, or answers were wrong",
      "2:the arguments are wrong; standard error lists all of it",
      "130:ended by Ctrl-C"
    })
final class BenchCommand implements Callable<Integer> {
  private final Shell shell;
  private final Servers servers;

  @Parameters(index = "0", paramLabel = "HOST:PORT", description = "The server.")
  private String server = "";

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "MODEL[=WEIGHT]",
      description = "A model, or several and their shares of the requests.")
  private List<String> models = new ArrayList<>();

  @Mixin private final LoadFlags load = new LoadFlags();
  @Mixin private final RequestFlags requests = new RequestFlags();
  @Mixin private final ModeFlags mode = new ModeFlags();
  @Mixin private final OutputFlags output = new OutputFlags();

  BenchCommand(Shell shell, Servers servers) {
    this.shell = shell;
    this.servers = servers;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    BenchPlan plan = new PlanReader(load, requests, mode).read(server, models, output);
    Instant date = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    BenchSession session =
        new BenchSession(plan, servers, shell.stop(), shell.onMeasuring(), observer());
    Optional<Findings> findings = session.run();
    if (findings.isEmpty()) {
      shell.err().println("ended before anything was measured");
      return INTERRUPTED;
    }
    End end = shell.stop().isAsked() ? End.CANCEL : End.NORMAL;
    write(
        new BenchReport(
            date, plan.target().toString(), plan.shown(), end, session.notes(), findings.get()));
    return exitCode(end, findings.get());
  }

  private Observer observer() {
    return output.quiet ? Observer.NONE : new ProgressLine(shell.err(), shell.isTerminal());
  }

  private void write(BenchReport report) throws IOException {
    boolean jsonToOut = OutputFlags.STANDARD_OUTPUT.equals(output.json);
    // first of all what cannot fail
    PrintWriter text = jsonToOut ? shell.err() : shell.out();
    TextReport.lines(report).forEach(text::println);
    if (jsonToOut) {
      shell.out().println(JsonReport.write(report));
    } else if (output.json != null) {
      Files.writeString(Path.of(output.json), JsonReport.write(report) + "\n");
    }
    if (output.html != null) {
      Files.writeString(Path.of(output.html), HtmlReport.write(report));
    }
  }

  private int exitCode(End end, Findings findings) {
    List<String> failures = findings.failures();
    failures.forEach(shell.err()::println);
    if (end == End.CANCEL) {
      return INTERRUPTED;
    }
    return failures.isEmpty() ? 0 : FAILED;
  }
}
