// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import java.time.Duration;

/**
 * How long a registry may take to answer, and for how long it is left alone after it failed.
 *
 * @param find for one model
 * @param list for all of them
 * @param firstPause doubled with each failure that follows
 * @param keep an answer that came late, for who asks again
 * @param longest that a question goes on when nobody waits for it any more
 */
record Patience(
    Duration find,
    Duration list,
    Duration firstPause,
    Duration longestPause,
    Duration keep,
    Duration longest) {

  /**
   * Nobody waits for longer than a look at all deployments may last, and none misses a recovery.
   */
  static final Patience DEFAULT =
      new Patience(
          Duration.ofSeconds(5),
          Duration.ofSeconds(10),
          Duration.ofSeconds(1),
          Duration.ofMinutes(1),
          Duration.ofSeconds(30),
          Duration.ofMinutes(10));

  long pauseAfterNanos(long pauseNanos) {
    return pauseNanos == 0
        ? firstPause.toNanos()
        : Math.min(2 * pauseNanos, longestPause.toNanos());
  }
}
