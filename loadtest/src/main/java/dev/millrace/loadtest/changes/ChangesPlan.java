// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import java.util.concurrent.TimeUnit;

/**
 * What is changed under load, and how much load that is.
 *
 * @param rate requests per second, throughout
 * @param warmUpSeconds of load before anything counts
 * @param rehearsals swaps before anything counts: code that loads a version for the first time is
 *     slow, and its compilers take a core
 * @param phaseSeconds without changes, in all; those with changes are as long together, or longer
 *     if they are not made by then
 * @param swaps of two versions, all at once
 * @param scales changes between 1 and 4 replicas
 * @param canaries by steps, the second of which is a version that is far slower
 * @param bakeSeconds of each of their steps
 */
public record ChangesPlan(
    double rate,
    double warmUpSeconds,
    int rehearsals,
    double phaseSeconds,
    int swaps,
    int scales,
    int canaries,
    double bakeSeconds) {

  /** Which of the canaries is the bad one. */
  static final int BAD = 2;

  /** Three minutes. */
  public static ChangesPlan full() {
    return new ChangesPlan(600, 10, 2, 80, 100, 20, 3, 1);
  }

  /** Half a minute. */
  public static ChangesPlan quick() {
    return new ChangesPlan(600, 4, 2, 10, 15, 4, 2, 0.5);
  }

  public ChangesPlan withRate(double requestsPerSecond) {
    return new ChangesPlan(
        requestsPerSecond,
        warmUpSeconds,
        rehearsals,
        phaseSeconds,
        swaps,
        scales,
        canaries,
        bakeSeconds);
  }

  public ChangesPlan withRehearsals(int number) {
    return new ChangesPlan(
        rate, warmUpSeconds, number, phaseSeconds, swaps, scales, canaries, bakeSeconds);
  }

  public ChangesPlan withSwaps(int number) {
    return new ChangesPlan(
        rate, warmUpSeconds, rehearsals, phaseSeconds, number, scales, canaries, bakeSeconds);
  }

  public ChangesPlan withSeconds(double seconds) {
    return new ChangesPlan(
        rate, warmUpSeconds, rehearsals, seconds, swaps, scales, canaries, bakeSeconds);
  }

  /** Between the beginnings of two swaps: what the canaries, at three steps each, leave of it. */
  long swapGapNanos() {
    double left = Math.max(0, phaseSeconds - canaries * 3.5 * bakeSeconds);
    return nanos(left / Math.max(1, swaps));
  }

  static long nanos(double seconds) {
    return (long) (seconds * TimeUnit.SECONDS.toNanos(1));
  }
}
