// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** When requests are sent, and over what. */
final class LoadFlags {
  @Option(
      names = "--connections",
      paramLabel = "N",
      description = "HTTP/2 connections, ${DEFAULT-VALUE} unless given.")
  int connections = 8;

  @Option(
      names = "--in-flight",
      paramLabel = "N",
      description = {
        "Requests open on each connection at any time, 16 unless given: a closed loop, in which "
            + "the next is sent when one is answered."
      })
  @Nullable Integer inFlight;

  @Option(
      names = "--rate",
      paramLabel = "RATE",
      description = {
        "Requests per second, whether earlier ones are answered or not: an open loop. Or a "
            + "schedule: step:1000,5000@10s or ramp:1000..20000@60s."
      })
  @Nullable String rate;

  @Option(
      names = "--arrivals",
      paramLabel = "PATTERN",
      description = "How they lie in time: poisson (unless given), constant or burst:N.")
  @Nullable String arrivals;

  @Option(
      names = "--replay",
      paramLabel = "FILE",
      description = "Send at the moments in a file: seconds since the start, one a line.")
  @Nullable String replay;

  @Option(
      names = "--duration",
      paramLabel = "TIME",
      description = {
        "How long to measure, such as 10s (unless given), 500ms or 2m. With --overload, for each "
            + "load; with --against, in each round."
      })
  @Nullable String duration;

  @Option(
      names = "--warm-up",
      paramLabel = "TIME",
      description = {
        "How long to send before that, such as 5s or 0; auto (unless given) is until the rates of "
            + "two seconds in a row differ by less than 5 %%, 30 s at most."
      })
  String warmUp = "auto";

  @Option(
      names = "--deadline",
      paramLabel = "TIME",
      description = {
        "Deadline of each request; answers after it do not count. Or a mix: 15ms,75ms@2 is one "
            + "third and two thirds of the requests."
      })
  @Nullable String deadline;

  @Option(
      names = "--event-loops",
      paramLabel = "N",
      description = "Threads that send; unless given, one for each core, at most one a connection.")
  @Nullable Integer eventLoops;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of everything that is random, ${DEFAULT-VALUE} unless given.")
  long seed = 1;

  int eventLoops() {
    return eventLoops != null
        ? eventLoops
        : Math.max(1, Math.min(Runtime.getRuntime().availableProcessors(), connections));
  }

  int inFlight() {
    return inFlight != null ? inFlight : 16;
  }

  Optional<String> arrivals() {
    return Optional.ofNullable(arrivals);
  }

  /** The options of an open loop that were given. */
  List<String> openLoop() {
    List<String> given = new ArrayList<>();
    if (rate != null) {
      given.add("--rate");
    }
    if (replay != null) {
      given.add("--replay");
    }
    return given;
  }
}
