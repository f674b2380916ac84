// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is simulated, and what is asked about it. */
final class SimulateFlags {
  @Option(
      names = "--model-curve",
      paramLabel = "CURVE",
      required = true,
      description = {
        "How long batches run: linear:ALPHA,BETA in microseconds (a run, and each row), or a file "
            + "of measured curves."
      })
  String curve = "";

  @Option(
      names = "--arrivals",
      paramLabel = "PATTERN",
      description = {
        "When requests come: poisson (unless given), mmpp:FACTOR (bursts of so many times the calm "
            + "rate), drift (clustered, and the rate wanders), closed:N (so many in flight) or "
            + "file:FILE (seconds since the start, one a line). A rate may follow: poisson:1500, "
            + "mmpp:3,1500, drift:1500."
      })
  String arrivals = "poisson";

  @Option(names = "--rate", paramLabel = "RATE", description = "Requests a second.")
  @Nullable Double rate;

  @Option(
      names = "--slo",
      paramLabel = "TIME",
      description = "Deadline of each request, such as 25ms; none unless given.")
  @Nullable String slo;

  @Option(
      names = "--replicas",
      paramLabel = "N",
      description = "Batches that run at a time, ${DEFAULT-VALUE} unless given.")
  int replicas = 1;

  @Option(
      names = "--max-batch",
      paramLabel = "N",
      description = "Rows of a batch at most, ${DEFAULT-VALUE} unless given.")
  int maxBatch = 64;

  @Option(
      names = "--noise",
      paramLabel = "PERCENT",
      description = "How much run times vary at random, such as 10%%.")
  String noise = "0%";

  @Option(
      names = "--scheduler",
      paramLabel = "NAME",
      description =
          "ours (unless given), greedy, none, triton, symphony and more: a wrong name lists all.")
  String scheduler = "ours";

  @Option(
      names = "--seconds",
      paramLabel = "N",
      description =
          "How long requests come, ${DEFAULT-VALUE} unless given, after a tenth to warm up; at most "
              + "until 5 million have come.")
  double seconds = 60;

  @Option(names = "--find-replicas", description = "How many replicas it takes for 99 %% in time.")
  boolean findReplicas;

  @Option(names = "--find-rate", description = "The highest rate with 99 %% in time.")
  boolean findRate;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of everything that is random, ${DEFAULT-VALUE} unless given.")
  long seed = 1;
}
