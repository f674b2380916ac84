// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations and sizes as people write them: {@code 500ms}, {@code 2s}, {@code 256MiB}. */
public final class Units {
  private static final Pattern AMOUNT = Pattern.compile("(\\d{1,18}) ?([A-Za-z]*)");

  private static final Map<String, Long> NANOS =
      Map.of(
          "us", 1_000L,
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", 3_600_000_000_000L);

  private static final Map<String, Long> BYTES =
      Map.of("", 1L, "b", 1L, "kib", 1L << 10, "mib", 1L << 20, "gib", 1L << 30);

  private static final String LARGE = "KMGTPE";

  private Units() {}

  /** Nanoseconds; empty if the text is not a whole number with a unit. */
  public static OptionalLong nanos(String text) {
    return amount(text, NANOS);
  }

  /** Bytes; empty if the text is not a whole number, with or without a unit. */
  public static OptionalLong bytes(String text) {
    return amount(text.toLowerCase(Locale.ROOT), BYTES);
  }

  private static OptionalLong amount(String text, Map<String, Long> units) {
    Matcher matcher = AMOUNT.matcher(text);
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    Long unit = units.get(matcher.group(2));
    if (unit == null) {
      return OptionalLong.empty();
    }
    long number = Long.parseLong(matcher.group(1));
    // an amount beyond a long is beyond every range too
    return OptionalLong.of(
        Math.multiplyHigh(number, unit) == 0 && number * unit >= 0
            ? number * unit
            : Long.MAX_VALUE);
  }

  /** In the largest unit that needs no fraction. */
  public static String show(Duration duration) {
    long nanos = duration.toNanos();
    if (nanos == 0) {
      return "0s";
    }
    for (String unit : new String[] {"h", "m", "s", "ms"}) {
      long size = NANOS.getOrDefault(unit, 1L);
      if (nanos % size == 0) {
        return nanos / size + unit;
      }
    }
    return nanos / 1_000 + "us";
  }

  /** In the largest unit that needs no fraction. */
  public static String show(long bytes) {
    for (String unit : new String[] {"GiB", "MiB", "KiB"}) {
      long size = BYTES.getOrDefault(unit.toLowerCase(Locale.ROOT), 1L);
      if (bytes > 0 && bytes % size == 0) {
        return bytes / size + unit;
      }
    }
    return Long.toString(bytes);
  }

  /** Bytes for people: {@code 2.3 MiB}. */
  public static String roughly(long bytes) {
    if (bytes < 1024) {
      return bytes + " bytes";
    }
    double value = bytes / 1024.0;
    int unit = 0;
    while (value >= 1024 && unit < LARGE.length() - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %ciB", value, LARGE.charAt(unit));
  }
}
