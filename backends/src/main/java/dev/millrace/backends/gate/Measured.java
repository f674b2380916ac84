// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import dev.millrace.backends.shadow.Comparisons;

/**
 * What was measured of a version, or of several together, since some moment.
 *
 * @param requests answered
 * @param failed not answered, and not for what their callers got wrong
 * @param times from a request's arrival until its answer was ready, nanoseconds
 * @param copies that it has run
 */
public record Measured(long requests, long failed, Distribution times, Comparisons copies) {
  public static final Measured NOTHING = new Measured(0, 0, Distribution.NONE, Comparisons.NONE);

  /** Answered or failed. */
  long attempts() {
    return requests + failed;
  }

  /** These and those of another version. */
  public Measured plus(Measured other) {
    return new Measured(
        requests + other.requests,
        failed + other.failed,
        times.plus(other.times),
        copies.plus(other.copies));
  }

  /** What has come since an earlier moment. */
  public Measured since(Measured earlier) {
    return new Measured(
        requests - earlier.requests,
        failed - earlier.failed,
        times.since(earlier.times),
        copies.since(earlier.copies));
  }
}
