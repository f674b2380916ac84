// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.goals.BaselinePlan;
import dev.millrace.loadtest.goals.SampleReports;
import dev.millrace.loadtest.goals.Table;
import dev.millrace.loadtest.load.Stop;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class BaselinesCommandTest {
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Stop stop = new Stop();
  private final List<BaselinePlan> plans = new ArrayList<>();

  private int baselines(String... arguments) {
    List<String> all = new ArrayList<>(List.of("baselines"));
    all.addAll(List.of(arguments));
    Shell shell =
        new Shell(new PrintWriter(out, true), new PrintWriter(err, true), false, stop, () -> {});
    return CommandLineInterface.commandLine(
            shell,
            new FakeServers(),
            (plan, ended, observer) -> {
              plans.add(plan);
              return SampleReports.baselines();
            },
            (plan, ended, observer) -> {
              throw new AssertionError("measures changes");
            })
        .execute(all.toArray(String[]::new));
  }

  @Test
  void printsMarkdownAndSucceedsWhateverIsMissed() {
    assertThat(baselines()).isZero();

    assertThat(out.toString()).startsWith("## Baselines, 2026-11-22").contains("1 of 2 goals met");
    assertThat(err.toString()).isEmpty();
    assertThat(plans.getFirst().effort().rows()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    assertThat(plans.getFirst().soakMinutes()).isEmpty();
  }

  @Test
  void optionsMakeThePlan() {
    assertThat(baselines("--quick", "--rows", "1,5", "--rounds", "2", "--soak", "0.5")).isZero();

    BaselinePlan plan = plans.getFirst();
    assertThat(plan.effort().rows()).containsExactly(1, 5);
    assertThat(plan.effort().rounds()).isEqualTo(2);
    assertThat(plan.soakMinutes()).hasValue(0.5);
    assertThat(plan.command())
        .isEqualTo("./millrace baselines --quick --rows 1,5 --rounds 2 --soak 0.5");
  }

  @Test
  void aSoakAloneMeasuresNoOtherRow() {
    baselines("--soak", "10");

    assertThat(plans.getFirst().effort().rows()).isEmpty();
  }

  @Test
  void theSchedulerHasATableOfItsOwn() {
    assertThat(baselines("--scheduling", "--quick")).isZero();

    BaselinePlan plan = plans.getFirst();
    assertThat(plan.table()).isEqualTo(Table.SCHEDULING);
    assertThat(plan.effort().rows()).containsExactly(1, 2, 3, 5);
    assertThat(plan.command()).isEqualTo("./millrace baselines --scheduling --quick");

    assertThat(baselines("--scheduling", "--rows", "7,8", "--soak", "1")).isEqualTo(2);
    assertThat(err.toString().lines())
        .containsExactly("--rows: 7 (expected 1..6 or 8)", "--soak: not with --scheduling");
  }

  @Test
  void writesFiles() {
    Path json = folder.resolve("a.json");
    Path html = folder.resolve("a.html");
    Path markdown = folder.resolve("a.md");
    Path plot = folder.resolve("a.svg");

    assertThat(
            baselines(
                "--json", json.toString(),
                "--html", html.toString(),
                "--markdown", markdown.toString(),
                "--plot", plot.toString()))
        .isZero();

    assertThat(json).content().startsWith("{");
    assertThat(html).content().startsWith("<!doctype html>");
    assertThat(markdown).content().isEqualTo(out.toString());
    assertThat(plot).content().startsWith("<svg");
  }

  @Test
  void withJsonOnStandardOutputTheTableIsElsewhere() {
    assertThat(baselines("--json", "-")).isZero();

    assertThat(out.toString()).startsWith("{");
    assertThat(err.toString()).startsWith("## Baselines");
  }

  @Test
  void allThatIsWrongIsToldAtOnce() {
    assertThat(baselines("--rows", "0,11", "--rounds", "0", "--soak", "-1", "--html", "/no/such"))
        .isEqualTo(2);

    assertThat(err.toString().lines())
        .containsExactly(
            "--rows: 0 (expected 1..10; row 11 is --soak)",
            "--rows: 11 (expected 1..10; row 11 is --soak)",
            "--rounds: 0 (expected 1..100)",
            "--soak: -1.0 (expected minutes, above 0, at most 1440)",
            "--html /no/such: /no cannot be written to (expected a folder that can)");
    assertThat(plans).isEmpty();
  }

  @Test
  void endedByTheUserIsSaidByTheExitCode() {
    stop.ask();

    assertThat(baselines()).isEqualTo(130);
  }
}
