// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.workload.WorkloadException;
import java.util.ArrayList;
import java.util.List;

/**
 * The rate of requests over time: stretches, one after the other, in each of which the rate is a
 * straight line.
 *
 * @param stretches at least one; only the last may be endless
 */
public record RateProfile(List<Stretch> stretches) {
  /** Requests per second above which no load tester of one machine keeps a schedule. */
  public static final double MAX_RATE = 10_000_000;

  public RateProfile {
    stretches = List.copyOf(stretches);
    if (stretches.isEmpty()) {
      throw new IllegalArgumentException("no stretches (expected at least one)");
    }
  }

  /** The same rate, in requests per second, for that many seconds or, if infinite, for ever. */
  public static RateProfile fixed(double rate, double seconds) {
    return new RateProfile(List.of(new Stretch(seconds, checked(rate), rate)));
  }

  /**
   * Reads {@code 5000}, {@code step:1000,5000,20000@10s} (each for 10 s) or {@code
   * ramp:1000..20000@60s}.
   *
   * @throws WorkloadException if it has another form, or an impossible rate
   */
  public static RateProfile parse(String text) {
    if (text.startsWith("step:")) {
      return steps(text);
    }
    if (text.startsWith("ramp:")) {
      return ramp(text);
    }
    return fixed(rate(text, text), Double.POSITIVE_INFINITY);
  }

  private static RateProfile steps(String text) {
    int at = positionOfTime(text);
    double seconds = Durations.seconds("--rate " + text, text.substring(at + 1));
    List<Stretch> stretches = new ArrayList<>();
    for (String level : text.substring("step:".length(), at).split(",", -1)) {
      double rate = checked(rate(level, text));
      stretches.add(new Stretch(seconds, rate, rate));
    }
    return new RateProfile(stretches);
  }

  private static RateProfile ramp(String text) {
    int at = positionOfTime(text);
    double seconds = Durations.seconds("--rate " + text, text.substring(at + 1));
    String[] ends = text.substring("ramp:".length(), at).split("\\.\\.", -1);
    if (ends.length != 2) {
      throw unexpected(text);
    }
    double from = rate(ends[0], text);
    double to = rate(ends[1], text);
    // a ramp may begin or end at 0, but not stay there
    checked(Math.max(from, to));
    if (Math.min(from, to) != 0) {
      checked(Math.min(from, to));
    }
    return new RateProfile(List.of(new Stretch(seconds, from, to)));
  }

  private static int positionOfTime(String text) {
    int at = text.lastIndexOf('@');
    if (at < 0) {
      throw unexpected(text);
    }
    return at;
  }

  private static double rate(String number, String text) {
    try {
      return Double.parseDouble(number);
    } catch (NumberFormatException e) {
      throw unexpected(text);
    }
  }

  private static double checked(double rate) {
    if (!(rate > 0 && rate <= MAX_RATE)) {
      throw new WorkloadException(
          "--rate: %s requests per second (expected above 0, at most %.0f)"
              .formatted(plain(rate), MAX_RATE));
    }
    return rate;
  }

  private static String plain(double rate) {
    return rate == Math.rint(rate) && Math.abs(rate) < 1e15
        ? Long.toString((long) rate)
        : Double.toString(rate);
  }

  private static WorkloadException unexpected(String text) {
    return new WorkloadException(
        "--rate: '%s' (expected like 5000, step:1000,5000@10s or ramp:1000..20000@60s)"
            .formatted(text));
  }

  /** The profile's beginning, at most that long. */
  public RateProfile cutAt(double seconds) {
    List<Stretch> kept = new ArrayList<>();
    double left = seconds;
    for (Stretch stretch : stretches) {
      if (left <= 0) {
        break;
      }
      kept.add(stretch.cutAt(left));
      left -= stretch.seconds();
    }
    return new RateProfile(kept);
  }

  /** Its length; infinite if it has no end. */
  public double seconds() {
    return stretches.stream().mapToDouble(Stretch::seconds).sum();
  }

  /** Requests due in all; infinite if it has no end. */
  public double requests() {
    return stretches.stream().mapToDouble(Stretch::requests).sum();
  }
}
