// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.workload.WorkloadSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is sent, and what is expected back. */
final class RequestFlags {
  // seldom enough to cost nothing, often enough that a second of load checks hundreds
  private static final int DEFAULT_CHECK_EVERY = 64;

  @Option(
      names = "--data",
      paramLabel = "DATA",
      description = "random (unless given), zeros, or a .json, .npz or .npy file.")
  String data = "random";

  @Option(
      names = "--shape",
      paramLabel = "INPUT:DIMS[@WEIGHT]",
      description = {
        "Shape of an input, such as ids:1x64; again for further inputs, or for a mix of shapes; "
            + "ids:1x16..128..16 is a mix of lengths."
      })
  List<String> shapes = new ArrayList<>();

  @Option(
      names = "--rows",
      paramLabel = "N",
      description = "Size of first axes that are open, ${DEFAULT-VALUE} unless given.")
  int rows = 1;

  @Option(
      names = "--expect",
      paramLabel = "FILE",
      description = "Check answers against those in a file like that of --data.")
  @Nullable String expect;

  @Option(
      names = "--agree",
      description = "Check that answers to the same request agree with the first one.")
  boolean agree;

  @Option(
      names = "--tolerance",
      paramLabel = "X",
      description = "By how much real numbers may differ then, ${DEFAULT-VALUE} unless given.")
  double tolerance = WorkloadSpec.DEFAULT_TOLERANCE;

  @Option(
      names = "--check-every",
      paramLabel = "N",
      description = "Check one in so many answers, 64 unless given; 1 checks each.")
  @Nullable Integer checkEvery;

  boolean checks() {
    return agree || expect != null;
  }

  /** 0 if no answers are checked. */
  int checkEvery() {
    if (!checks()) {
      return 0;
    }
    return checkEvery == null ? DEFAULT_CHECK_EVERY : checkEvery;
  }
}
