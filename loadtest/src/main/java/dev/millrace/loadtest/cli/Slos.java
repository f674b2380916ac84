// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.load.Durations;
import dev.millrace.loadtest.load.Slo;
import dev.millrace.loadtest.workload.WorkloadException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Goals as users write them: {@code p99=25ms}. */
final class Slos {
  static final Slo DEFAULT = new Slo(99, TimeUnit.MILLISECONDS.toNanos(50));

  private static final Pattern FORM = Pattern.compile("p([0-9]{1,2}(?:\\.[0-9]{1,4})?)=(.+)");

  private Slos() {}

  /** Reads a goal; throws a {@link WorkloadException} if it is none. */
  static Slo parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches() || Double.parseDouble(matcher.group(1)) == 0) {
      throw new WorkloadException(
          "--slo: '%s' (expected a percentile and a time, like p99=25ms)".formatted(text));
    }
    double seconds = Durations.seconds("--slo", matcher.group(2));
    return new Slo(Double.parseDouble(matcher.group(1)), Math.round(seconds * 1e9));
  }
}
