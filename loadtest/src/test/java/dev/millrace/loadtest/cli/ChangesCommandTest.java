// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.changes.ChangesPlan;
import dev.millrace.loadtest.changes.ChangesReport;
import dev.millrace.loadtest.changes.SampleChanges;
import dev.millrace.loadtest.load.Stop;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ChangesCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Stop stop = new Stop();
  private final List<ChangesPlan> plans = new ArrayList<>();

  private int changes(Function<ChangesPlan, ChangesReport> report, String... arguments) {
    List<String> all = new ArrayList<>(List.of("changes"));
    all.addAll(List.of(arguments));
    Shell shell =
        new Shell(new PrintWriter(out, true), new PrintWriter(err, true), false, stop, () -> {});
    return CommandLineInterface.commandLine(
            shell,
            new FakeServers(),
            (plan, ended, observer) -> {
              throw new AssertionError("measures baselines");
            },
            (plan, ended, observer) -> {
              plans.add(plan);
              return report.apply(plan);
            })
        .execute(all.toArray(String[]::new));
  }

  @Test
  void printsWhatChangesCostAndSucceedsIfNothingFailed() {
    assertThat(changes(SampleChanges::good)).isZero();

    assertThat(out.toString().lines())
        .contains(
            "swaps: 3, median 23.0 ms, at most 64.0 ms",
            "changes of replicas: 2, median 9.00 ms, at most 9.00 ms",
            "1 to 4 replicas: 1, median 9.00 ms, at most 9.00 ms",
            "good canary: all traffic after 3.10 s",
            "bad canary: rolled back (p99 5.1 ms of 29 requests) after 900 ms",
            "processor time: 100 ms a second quiet, 100 ms while swapping; a swap 10.0 ms, of which"
                + " the compilers 3.00 ms",
            "resident: 700.0 MiB before, 701.0 MiB after half of the swaps, 702.0 MiB after all of"
                + " it; 2.0 MiB more outside of the heap")
        .anyMatch(line -> line.matches("requests +48,000 +40,000 +8,000 +48,000 +–"))
        .anyMatch(line -> line.matches("failed +0 +0 +0 +0 +–"))
        .anyMatch(line -> line.matches("p99 +650 µs +1.00 ms +1.30 ms +1.30 ms +2.00"));
    assertThat(err.toString()).isEmpty();
    assertThat(plans).containsExactly(ChangesPlan.full());
  }

  @Test
  void aFailedRequestIsAFailureWithItsReason() {
    assertThat(changes(SampleChanges::withAFailedRequest)).isEqualTo(1);

    assertThat(out.toString()).contains("{UNAVAILABLE=1}");
    assertThat(err.toString()).contains("1 requests failed", "model 'changed': gone");
  }

  @Test
  void aBadCanaryThatIsNotTakenBackIsAFailure() {
    assertThat(changes(SampleChanges::withABadCanaryThatStays)).isEqualTo(1);

    assertThat(err.toString().lines()).containsExactly("the bad canary was not rolled back");
  }

  @Test
  void optionsMakeThePlan() {
    changes(SampleChanges::good, "--quick");
    changes(
        SampleChanges::good, "--rate", "50", "--swaps", "7", "--seconds", "9", "--rehearsals", "0");

    assertThat(plans)
        .containsExactly(
            ChangesPlan.quick(),
            ChangesPlan.full().withRate(50).withSwaps(7).withSeconds(9).withRehearsals(0));
  }

  @Test
  void allThatIsWrongIsToldAtOnce() {
    assertThat(
            changes(
                SampleChanges::good,
                "--rate",
                "0",
                "--swaps",
                "0",
                "--seconds",
                "1e9",
                "--rehearsals",
                "-1"))
        .isEqualTo(2);

    assertThat(err.toString().lines())
        .containsExactly(
            "--rate: 0.0 (expected 1..100000)",
            "--swaps: 0 (expected 1..10000)",
            "--rehearsals: -1 (expected 0..10000)",
            "--seconds: 1.0E9 (expected 1..3600)");
    assertThat(plans).isEmpty();
  }

  @Test
  void endedByTheUserIsSaidByTheExitCode() {
    stop.ask();

    assertThat(changes(SampleChanges::endedEarly)).isEqualTo(130);
    assertThat(out.toString()).startsWith("ended early");
  }
}
