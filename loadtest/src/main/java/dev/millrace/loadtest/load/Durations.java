// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.workload.WorkloadException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lengths of time as users write them: {@code 10s}, {@code 2.5ms}, {@code 1m}; bare is seconds. */
public final class Durations {
  private static final Pattern FORM = Pattern.compile("([0-9]*\\.?[0-9]+)(us|ms|s|m|h)?");

  private Durations() {}

  /**
   * Reads a length of time.
   *
   * @param what names it in an error, such as the option it was given to
   * @return seconds, above 0
   * @throws WorkloadException if it is none, or 0
   */
  public static double seconds(String what, String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (!matcher.matches()) {
      throw unexpected(what, text);
    }
    String unit = matcher.group(2);
    double seconds = Double.parseDouble(matcher.group(1)) * factor(unit == null ? "s" : unit);
    if (!(seconds > 0)) {
      throw unexpected(what, text);
    }
    return seconds;
  }

  private static double factor(String unit) {
    return switch (unit) {
      case "us" -> 1e-6;
      case "ms" -> 1e-3;
      case "m" -> 60;
      case "h" -> 3600;
      default -> 1;
    };
  }

  private static WorkloadException unexpected(String what, String text) {
    return new WorkloadException(
        "%s: '%s' (expected a time above 0, like 10s, 500ms or 2m)".formatted(what, text));
  }
}
