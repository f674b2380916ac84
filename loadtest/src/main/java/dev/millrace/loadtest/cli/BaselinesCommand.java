// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.goals.BaselinePlan;
import dev.millrace.loadtest.goals.BaselineReport;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.report.BaselineJson;
import dev.millrace.loadtest.report.BaselineMarkdown;
import dev.millrace.loadtest.report.BaselinePage;
import dev.millrace.loadtest.report.ProgressLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code millrace baselines}: the gateway beside what it is measured by. */
@Command(
    name = "baselines",
    description = {
      "Measures the gateway beside bare gRPC and bare ONNX Runtime, by turns, and prints how far it "
          + "is from its goals.",
      "",
      "Starts all of them itself: servers on one core, load on another. Takes up to ten minutes, in "
          + "which the machine should do nothing else."
    },
    abbreviateSynopsis = true,
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace baselines --quick                 a minute and a half",
      "  millrace baselines --rows 1,2              two rows of the table",
      "  millrace baselines --markdown docs.md --html page.html",
      "  millrace baselines --soak 10               ten minutes at 80 %% of the peak",
      "  millrace baselines --scheduling            the table of the scheduler"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:it was measured, whether goals are met or not",
      "1:a server could not be started",
      "2:the arguments are wrong; standard error lists all of it",
      "130:ended by Ctrl-C"
    })
final class BaselinesCommand implements Callable<Integer> {
  /** Measures what a plan says. */
  interface Measuring {
    BaselineReport run(BaselinePlan plan, Stop stop, Observer observer)
        throws IOException, InterruptedException;
  }

  private final Shell shell;
  private final Measuring measuring;

  @Mixin private final BaselineFlags flags = new BaselineFlags();

  BaselinesCommand(Shell shell, Measuring measuring) {
    this.shell = shell;
    this.measuring = measuring;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    BaselinePlan plan = flags.plan();
    // servers are to be ended and files removed, whenever a signal comes
    shell.onMeasuring().run();
    BaselineReport report =
        measuring.run(
            plan,
            shell.stop(),
            flags.quiet ? Observer.NONE : new ProgressLine(shell.err(), shell.isTerminal()));
    write(report);
    return shell.stop().isAsked() ? CommandLineInterface.INTERRUPTED : 0;
  }

  private void write(BaselineReport report) throws IOException {
    String markdown = BaselineMarkdown.write(report);
    if (OutputFlags.STANDARD_OUTPUT.equals(flags.json)) {
      shell.out().println(BaselineJson.write(report));
      shell.err().print(markdown);
      shell.err().flush();
    } else {
      shell.out().print(markdown);
      shell.out().flush();
      write(flags.json, BaselineJson.write(report) + "\n");
    }
    if (!OutputFlags.STANDARD_OUTPUT.equals(flags.markdown)) {
      write(flags.markdown, markdown);
    }
    write(flags.html, BaselinePage.write(report));
    write(flags.plot, BaselinePage.plot(report));
  }

  private static void write(@Nullable String file, String content) throws IOException {
    if (file != null) {
      Files.writeString(Path.of(file), content);
    }
  }
}
