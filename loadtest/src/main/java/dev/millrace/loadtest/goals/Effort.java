// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.WarmUp;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How long everything is measured.
 *
 * @param rounds in which all take a turn
 * @param windowNanos of a turn
 * @param firstWarmUp of a server that has just been started
 * @param warmUp of a server before its first turn in a row
 * @param ortMillis of a turn of bare ONNX Runtime
 * @param sweepMillis of each size of batch while the best is looked for
 * @param starts of a cold gateway, in each layout
 * @param limitSeconds after which no further row begins
 * @param rows that are measured unless chosen
 */
public record Effort(
    int rounds,
    long windowNanos,
    WarmUp.UntilStable firstWarmUp,
    WarmUp.UntilStable warmUp,
    long ortMillis,
    long sweepMillis,
    int starts,
    long limitSeconds,
    List<Integer> rows) {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  public Effort {
    rows = List.copyOf(rows);
  }

  /** Ten minutes at most. */
  public static Effort full() {
    return new Effort(
        5,
        2 * SECOND,
        new WarmUp.UntilStable(SECOND, 20 * SECOND),
        new WarmUp.UntilStable(SECOND, 15 * SECOND),
        1000,
        500,
        5,
        // the longest row takes a minute and a half
        510,
        Table.BASELINES.rows());
  }

  /** A minute and a half. */
  public static Effort quick() {
    return new Effort(
        3,
        7 * SECOND / 10,
        new WarmUp.UntilStable(SECOND, 10 * SECOND),
        new WarmUp.UntilStable(SECOND, 4 * SECOND),
        400,
        150,
        2,
        75,
        List.of(1, 2, 3, 5, 6, 7));
  }

  /** The same for the table of the scheduler: a quarter of an hour at most. */
  public static Effort scheduling() {
    return new Effort(
        5,
        3 * SECOND,
        new WarmUp.UntilStable(SECOND, 20 * SECOND),
        new WarmUp.UntilStable(SECOND, 15 * SECOND),
        1000,
        500,
        5,
        // the longest row takes two minutes and a half
        750,
        Table.SCHEDULING.rows());
  }

  /** Three minutes. */
  public static Effort quickScheduling() {
    return new Effort(
        2,
        3 * SECOND / 2,
        new WarmUp.UntilStable(SECOND, 10 * SECOND),
        new WarmUp.UntilStable(SECOND, 4 * SECOND),
        400,
        150,
        2,
        150,
        List.of(1, 2, 3, 5));
  }

  public Effort withRounds(int number) {
    return new Effort(
        number,
        windowNanos,
        firstWarmUp,
        warmUp,
        ortMillis,
        sweepMillis,
        starts,
        limitSeconds,
        rows);
  }

  /** Those rows and no others, however long they take. */
  public Effort withRows(List<Integer> chosen) {
    return new Effort(
        rounds,
        windowNanos,
        firstWarmUp,
        warmUp,
        ortMillis,
        sweepMillis,
        starts,
        Integer.MAX_VALUE,
        chosen);
  }
}
