// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.wire;

import java.util.concurrent.TimeUnit;

/** The value of grpc-timeout: at most 8 digits and a unit. */
final class Timeouts {
  private static final long MOST = 99_999_999;

  private Timeouts() {}

  static String format(long nanos) {
    if (nanos <= MOST) {
      return nanos + "n";
    }
    if (TimeUnit.NANOSECONDS.toMicros(nanos) <= MOST) {
      return TimeUnit.NANOSECONDS.toMicros(nanos) + "u";
    }
    return Math.min(MOST, TimeUnit.NANOSECONDS.toMillis(nanos)) + "m";
  }
}
