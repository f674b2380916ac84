// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.load.Stop;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class SimulateCommandTest {
  private static final String LINE = "linear:5070,1050";

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int millrace(String... arguments) {
    Shell shell =
        new Shell(
            new PrintWriter(out, true), new PrintWriter(err, true), false, new Stop(), () -> {});
    return CommandLineInterface.commandLine(shell, new FakeServers()).execute(arguments);
  }

  @Test
  void saysWhatALoadWouldHave() {
    assertThat(
            millrace(
                "simulate",
                "--model-curve",
                LINE,
                "--rate",
                "1500",
                "--slo",
                "25ms",
                "--replicas",
                "4",
                "--seconds",
                "20"))
        .isZero();

    assertThat(err.toString()).isEmpty();
    assertThat(out.toString().lines().findFirst().orElseThrow())
        .matches("1,[45]..\\/s offered: 1,[45]../s answered in time .*");
    // five loads and their heading
    assertThat(out.toString().lines().dropWhile(line -> !line.isEmpty()).skip(1)).hasSize(6);
  }

  @Test
  void findsTheReplicasThatALoadTakes() {
    assertThat(
            millrace(
                "simulate",
                "--model-curve",
                "linear:0,1000",
                "--arrivals",
                "poisson:1500",
                "--slo",
                "25ms",
                "--scheduler",
                "none",
                "--find-replicas",
                "--seconds",
                "20"))
        .isZero();

    // 1000 a second each
    assertThat(out.toString()).startsWith("2 replicas: ").contains("with one less ");
  }

  @Test
  void findsTheHighestRate() {
    assertThat(
            millrace(
                "simulate",
                "--model-curve",
                "linear:0,1000",
                "--slo",
                "25ms",
                "--scheduler",
                "none",
                "--find-rate",
                "--seconds",
                "20"))
        .isZero();

    assertThat(out.toString())
        .matches("(?s)[89].*/s is the highest rate with 99 % within 25 ms, by none on 1 replica.*");
  }

  @Test
  void whatCannotBeFoundIsAFailure() {
    assertThat(
            millrace("simulate", "--model-curve", "linear:30000,0", "--slo", "25ms", "--find-rate"))
        .isEqualTo(1);

    assertThat(err.toString())
        .isEqualTo("no rate has 99 % in time: one request takes 30 ms, the deadline is 25 ms\n");
  }

  @Test
  void takesCurvesAndArrivalsFromFiles() throws IOException {
    Path curves =
        Files.writeString(
            folder.resolve("curves.json"),
            "{\"curves\":[{\"shape\":\"a\",\"rows\":[1],\"micros\":[1000]}]}");
    Path times = Files.writeString(folder.resolve("times"), "0\n0.1\n0.2\n");

    assertThat(
            millrace(
                "simulate",
                "--model-curve",
                curves.toString(),
                "--arrivals",
                "file:" + times,
                "--seconds",
                "1"))
        .isZero();

    assertThat(out.toString())
        .startsWith("3.0/s offered: 3.0/s answered in time (100.00 %), half within 1.00 ms");
  }

  @Test
  void aClosedLoopNeedsNoRate() {
    assertThat(
            millrace(
                "simulate",
                "--model-curve",
                "linear:1000,0",
                "--arrivals",
                "closed:4",
                "--scheduler",
                "greedy",
                "--seconds",
                "2"))
        .isZero();

    assertThat(out.toString()).contains("offered");
  }

  @Test
  void allThatIsWrongIsToldAtOnce() {
    assertThat(
            millrace(
                "simulate",
                "--model-curve",
                "linear:1",
                "--arrivals",
                "mmpp:0.5,100",
                "--slo",
                "fast",
                "--replicas",
                "0",
                "--noise",
                "much",
                "--scheduler",
                "best",
                "--rate",
                "0",
                "--seconds",
                "0"))
        .isEqualTo(2);

    assertThat(err.toString().lines())
        .containsExactly(
            "--model-curve: 'linear:1' (expected linear:ALPHA,BETA in microseconds, like "
                + "linear:5070,1050, or a file)",
            "--noise: 'much' (expected 0% to 100%)",
            "--slo: 'fast' (expected a time above 0, like 10s, 500ms or 2m)",
            "--arrivals: 'mmpp:0.5,100' (expected poisson:RATE, mmpp:FACTOR,RATE, drift:RATE, "
                + "closed:N or file:FILE)",
            "--scheduler: 'best' (expected ours, greedy, none, triton, tensorflow, tensorflow-jit,"
                + " djl, clipper, nexus, symphony)",
            "--replicas: 0 (expected 1..256)",
            "--seconds: 0.0 (expected above 0, at most 86400)",
            "--rate: 0.0 (expected above 0)",
            "--rate: --arrivals mmpp:0.5,100 says already when requests come");
  }

  @Test
  void aSearchNeedsADeadlineAndALoad() {
    assertThat(millrace("simulate", "--model-curve", LINE, "--find-replicas")).isEqualTo(2);

    assertThat(err.toString().lines())
        .containsExactly(
            "no rate (expected --rate 1500, or one with the arrivals, like --arrivals"
                + " poisson:1500)",
            "no --slo (expected one with --find-rate and --find-replicas)");
  }

  @Test
  void gatesAreHeldAndWritten() throws IOException {
    Files.writeString(
        folder.resolve("scheduling.md"),
        "before\n<!-- gates: begin -->\nold\n<!-- gates: end -->\nafter\n");

    assertThat(
            millrace(
                "gates",
                "--short",
                "--only",
                "G5",
                "--scheduler",
                "greedy",
                "--write",
                folder.toString()))
        .isEqualTo(1);

    assertThat(out.toString()).contains("0 of 2 met; not: G5 p99 against Triton's default");
    assertThat(folder.resolve("scheduling.md"))
        .content()
        .startsWith("before\n<!-- gates: begin -->")
        .contains("| G5 |")
        .doesNotContain("old")
        .endsWith("<!-- gates: end -->\nafter\n");
    assertThat(folder.resolve("scheduling-goodput.svg")).content().startsWith("<svg");
    assertThat(folder.resolve("scheduling-capacity.svg")).content().startsWith("<svg");
  }

  @Test
  void anUnknownGateIsSaidWithThoseThereAre() {
    assertThat(millrace("gates", "--only", "G99")).isEqualTo(2);

    assertThat(err.toString()).startsWith("--only: 'G99' (expected G1, G2, G3,");
  }
}
