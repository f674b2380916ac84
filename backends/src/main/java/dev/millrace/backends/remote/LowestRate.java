// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import java.time.Duration;

/**
 * What a download has to bring at least, or is given up.
 *
 * @param bytes within each such time
 */
record LowestRate(long bytes, Duration window) {

  /**
   * 1 KiB a second, over a minute: a model of 1 MB takes a quarter of an hour by it, so what is
   * slower is not slow but broken. A minute is longer than a bad line rests.
   */
  static final LowestRate DEFAULT = new LowestRate(60 << 10, Duration.ofMinutes(1));

  long bytesPerSecond() {
    return bytes * 1_000_000_000 / window.toNanos();
  }
}
