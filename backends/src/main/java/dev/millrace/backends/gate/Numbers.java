// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;

/** Numbers as people write them. */
public final class Numbers {
  private static final MathContext FOUR_DIGITS = new MathContext(4);

  private Numbers() {}

  /** "2", "0.005": with all of its digits, and no others. */
  public static String text(double number) {
    return text(BigDecimal.valueOf(number));
  }

  /** "600s", "0.025s". */
  public static String seconds(Duration duration) {
    return text(BigDecimal.valueOf(duration.toNanos(), 9)) + "s";
  }

  private static String text(BigDecimal number) {
    return number.stripTrailingZeros().toPlainString();
  }

  /** With four digits. */
  static String rounded(double number) {
    return Double.isFinite(number)
        ? text(BigDecimal.valueOf(number).round(FOUR_DIGITS))
        : Double.toString(number);
  }
}
