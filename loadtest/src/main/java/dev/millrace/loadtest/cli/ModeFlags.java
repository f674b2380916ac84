// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is to be found out. */
final class ModeFlags {
  static final int DEFAULT_ROUNDS = 3;

  @Option(
      names = "--find-peak",
      description = "Search the highest rate that meets the goal, with 99.9 %% OK.")
  boolean findPeak;

  @Option(
      names = "--slo",
      paramLabel = "pN=TIME",
      description = "The goal: p99=50ms unless given; p50, p99.9 and so on likewise.")
  @Nullable String slo;

  @Option(
      names = "--overload",
      description = {
        "Offer 0.5, 0.8, 1, 1.5, 2 and 4 times the peak, each request with a deadline. The peak "
            + "is searched first, or given by --rate."
      })
  boolean overload;

  @Option(
      names = "--against",
      paramLabel = "HOST:PORT",
      description = "Compare with another server, by turns.")
  @Nullable String against;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How often each of them has a turn, 3 unless given.")
  @Nullable Integer rounds;

  int rounds() {
    return rounds == null ? DEFAULT_ROUNDS : rounds;
  }
}
