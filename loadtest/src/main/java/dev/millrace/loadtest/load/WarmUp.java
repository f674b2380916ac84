// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

/** How long a server is under load before anything counts. */
public sealed interface WarmUp {

  /**
   * Until the rate of two windows in a row is about the same.
   *
   * @param windowNanos length of a window
   * @param maxNanos when to go on although it still changes
   */
  record UntilStable(long windowNanos, long maxNanos) implements WarmUp {
    // 5 %: less is within the noise of a shared machine
    private static final double TOLERANCE = 0.05;

    // so many answers differ by more than 5 % by chance in one of a hundred pairs of windows
    private static final double CHANCE = 3;

    /** Whether two windows in a row agree. */
    public boolean isStable(Measurement before, Measurement last) {
      double larger = Math.max(last.answerRate(), before.answerRate());
      return larger > 0
          && Math.abs(last.answerRate() - before.answerRate()) < larger * tolerance(last);
    }

    // few answers in a window scatter without any change of the server
    private static double tolerance(Measurement window) {
      return Math.max(TOLERANCE, CHANCE * Math.sqrt(2.0 / Math.max(1, window.answered())));
    }
  }

  /** For a fixed time; 0 for none. */
  record For(long nanos) implements WarmUp {}
}
