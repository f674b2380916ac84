// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import java.util.Locale;

/** Times and rates as people read them. The same whatever the locale. */
final class Units {
  private Units() {}

  /** Three digits and a unit: {@code 87.1 µs}, {@code 1.23 ms}, {@code 2.50 s}. */
  static String time(double nanos) {
    if (nanos < 999.5) {
      return String.format(Locale.ROOT, "%.0f ns", nanos);
    }
    if (nanos < 999.5e3) {
      return digits(nanos / 1e3) + " µs";
    }
    if (nanos < 999.5e6) {
      return digits(nanos / 1e6) + " ms";
    }
    return digits(nanos / 1e9) + " s";
  }

  /** The same without a fraction of zeros: {@code 50 ms}, {@code 1 s}. */
  static String shortTime(double nanos) {
    return time(nanos).replaceFirst("\\.0+ ", " ");
  }

  static String time(long nanos) {
    return time((double) nanos);
  }

  /** Requests per second, with as many digits as mean something: {@code 12,345/s}. */
  static String rate(double perSecond) {
    return number(perSecond) + "/s";
  }

  static String number(double value) {
    return Math.abs(value) < 99.95
        ? String.format(Locale.ROOT, "%.1f", value)
        : String.format(Locale.ROOT, "%,.0f", value);
  }

  /** A tick of an axis, as short as it may be. */
  static String tick(double value) {
    if (value == Math.rint(value)) {
      return String.format(Locale.ROOT, "%,.0f", value);
    }
    return String.format(Locale.ROOT, "%.4f", value).replaceAll("0+$", "");
  }

  static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * share);
  }

  static String ratio(double ratio) {
    return String.format(Locale.ROOT, "%.3f", ratio);
  }

  static String seconds(double seconds) {
    return String.format(Locale.ROOT, "%.1f s", seconds);
  }

  private static String digits(double value) {
    String form = value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f";
    return String.format(Locale.ROOT, form, value);
  }
}
