// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.Durations;
import dev.millrace.loadtest.workload.DeadlineShare;
import dev.millrace.loadtest.workload.WorkloadException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Deadlines of requests as users write them: {@code 20ms}, or a mix, {@code 15ms,75ms@2}. */
final class Deadlines {
  private static final Pattern FORM = Pattern.compile("([^@]+)(?:@([0-9]*\\.?[0-9]+))?");

  private Deadlines() {}

  /** Reads one or several; throws a {@link WorkloadException} if it is not so. */
  static List<DeadlineShare> parse(String text) {
    List<DeadlineShare> shares = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      Matcher matcher = FORM.matcher(part);
      double weight =
          !matcher.matches()
              ? 0
              : matcher.group(2) == null ? 1 : Double.parseDouble(matcher.group(2));
      if (weight <= 0) {
        throw new WorkloadException(
            "--deadline: '%s' (expected like 20ms, or 15ms,75ms@2 for twice as many of the second)"
                .formatted(text));
      }
      double seconds = Durations.seconds("--deadline", matcher.group(1));
      shares.add(new DeadlineShare(Math.round(seconds * 1e9), weight));
    }
    return shares;
  }
}
