// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.scheduling;

import java.util.Locale;

/** Numbers for people: as many digits as they are worth. */
public final class Quantities {
  private Quantities() {}

  /** With one decimal where it says something: 1.4, 14, 1,240. */
  public static String number(double value) {
    boolean whole = value >= 9.95 || Math.abs(value - Math.rint(value)) < 0.05;
    return String.format(Locale.ROOT, whole ? "%,.0f" : "%.1f", value);
  }

  static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  static String time(long nanos) {
    return time((double) nanos);
  }

  /** In the unit that suits it. */
  public static String time(double nanos) {
    if (nanos < 999.5e3) {
      return number(nanos / 1e3) + " µs";
    }
    return nanos < 999.5e6 ? number(nanos / 1e6) + " ms" : number(nanos / 1e9) + " s";
  }

  /** Of one. */
  public static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }

  static String rate(double rowsPerSecond) {
    return number(rowsPerSecond) + " rows/s";
  }

  static String rows(double rows) {
    String text = number(rows);
    return text + (text.equals("1") ? " row" : " rows");
  }
}
