// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.goals.BaselinePlan;
import dev.millrace.loadtest.goals.Effort;
import dev.millrace.loadtest.goals.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is measured of the baselines, for how long, and where reports go. */
final class BaselineFlags {
  private static final int MAX_ROUNDS = 100;
  private static final double MAX_SOAK_MINUTES = 24 * 60;

  @Option(
      names = "--scheduling",
      description = {
        "Measure the scheduler instead: the same models under each of the gateway's policies, under "
            + "overload, mixed deadlines and lengths, and beside the simulator. A quarter of an hour "
            + "at most."
      })
  boolean scheduling;

  @Option(
      names = "--quick",
      description = "A minute and a half: fewer rows and rounds, shorter turns.")
  boolean quick;

  @Option(
      names = "--rows",
      paramLabel = "N",
      split = ",",
      description = {
        "Rows of the table, such as 1,2,5; all unless given: 1 to 10, or 1 to 6 and 8 with "
            + "--scheduling."
      })
  List<Integer> rows = new ArrayList<>();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How often each has a turn: 5 unless given, fewer with --quick.")
  @Nullable Integer rounds;

  @Option(
      names = "--soak",
      paramLabel = "MINUTES",
      description = {
        "Row 11: so long at 80 %% of the peak, with reloads and cancels. Other rows are measured only "
            + "if --rows names them."
      })
  @Nullable Double soak;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description = "Write the report as Markdown; it is printed in any case.")
  @Nullable String markdown;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write every round of every figure as JSON; - is standard output.")
  @Nullable String json;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write the report as a page with plots.")
  @Nullable String html;

  @Option(
      names = "--plot",
      paramLabel = "FILE",
      description = "Write the plot of figures against goals, as SVG.")
  @Nullable String plot;

  @Option(names = "--quiet", description = "Print the report only, nothing meanwhile.")
  boolean quiet;

  /** Reads them; throws {@link UsageException} with all that is wrong. */
  BaselinePlan plan() {
    Problems problems = new Problems();
    Table table = scheduling ? Table.SCHEDULING : Table.BASELINES;
    for (int row : rows) {
      problems.require(
          table.rows().contains(row), "--rows: %d (expected %s)".formatted(row, known(table)));
    }
    problems.require(soak == null || !scheduling, "--soak: not with --scheduling");
    if (rounds != null) {
      problems.require(
          rounds >= 1 && rounds <= MAX_ROUNDS,
          "--rounds: %d (expected 1..%d)".formatted(rounds, MAX_ROUNDS));
    }
    if (soak != null) {
      problems.require(
          soak > 0 && soak <= MAX_SOAK_MINUTES,
          "--soak: %s (expected minutes, above 0, at most %.0f)".formatted(soak, MAX_SOAK_MINUTES));
    }
    files().forEach((option, file) -> OutputFlags.checkFile(option, file, problems));
    problems.check();
    return new BaselinePlan(
        table,
        effort(),
        soak == null ? OptionalDouble.empty() : OptionalDouble.of(soak),
        command());
  }

  private static String known(Table table) {
    return switch (table) {
      case BASELINES -> "1..10; row 11 is --soak";
      case SCHEDULING -> "1..6 or 8";
    };
  }

  private Map<String, String> files() {
    Map<String, String> files = new LinkedHashMap<>();
    add(files, "--markdown", markdown);
    add(files, "--json", json);
    add(files, "--html", html);
    add(files, "--plot", plot);
    return files;
  }

  private static void add(Map<String, String> files, String option, @Nullable String file) {
    if (file != null && !file.equals(OutputFlags.STANDARD_OUTPUT)) {
      files.put(option, file);
    }
  }

  private Effort effort() {
    Effort effort = scheduling ? ofScheduling() : quick ? Effort.quick() : Effort.full();
    if (rounds != null) {
      effort = effort.withRounds(rounds);
    }
    if (!rows.isEmpty() || soak != null) {
      effort = effort.withRows(rows);
    }
    return effort;
  }

  private Effort ofScheduling() {
    return quick ? Effort.quickScheduling() : Effort.scheduling();
  }

  private String command() {
    StringBuilder command = new StringBuilder("./millrace baselines");
    if (scheduling) {
      command.append(" --scheduling");
    }
    if (quick) {
      command.append(" --quick");
    }
    if (!rows.isEmpty()) {
      command.append(" --rows ");
      command.append(String.join(",", rows.stream().map(String::valueOf).toList()));
    }
    if (rounds != null) {
      command.append(" --rounds ").append(rounds);
    }
    if (soak != null) {
      command.append(" --soak ").append(soak);
    }
    return command.toString();
  }
}
