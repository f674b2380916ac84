// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

/** Readings of a version with one replica, half a second apart, as a test says. */
final class Readings {
  private static final long[] BOUNDS = {10_000_000, 20_000_000};

  private long number;
  private long requests;
  private long turnedAway;
  private long batches;
  private long busyNanos;
  private long waitNanos;
  private final long[] waits = new long[BOUNDS.length + 1];
  private double secondsPerRow;
  private double replicaShare = 1;
  private int queuedRows;

  /**
   * The next one.
   *
   * @param answered requests, of one row each, since the last
   * @param costs seconds that each takes of a replica, in batches of the best size
   */
  LoadReading next(int answered, double costs) {
    number++;
    requests += answered;
    batches += answered;
    busyNanos += 500_000_000;
    secondsPerRow = costs;
    return last();
  }

  /** Has requests wait. */
  Readings waiting(int count, int millis) {
    waitNanos += 1_000_000L * count * millis;
    waits[millis <= 10 ? 0 : millis <= 20 ? 1 : 2] += count;
    return this;
  }

  Readings turningAway(int count) {
    turnedAway += count;
    return this;
  }

  /** Has the replica run that much less. */
  Readings idling(double seconds) {
    busyNanos -= (long) (seconds * 1e9);
    return this;
  }

  /** Has so many requests share each batch. */
  Readings batching(int answered, int inEach) {
    batches -= answered - answered / inEach;
    return this;
  }

  Readings onEventLoops(double share) {
    replicaShare = 1 - share;
    return this;
  }

  Readings queued(int rows) {
    queuedRows = rows;
    return this;
  }

  double seconds() {
    return number * 0.5;
  }

  LoadReading last() {
    return new LoadReading(
        number * 500_000_000,
        1,
        requests,
        turnedAway,
        requests,
        batches,
        queuedRows,
        busyNanos,
        busyNanos,
        waitNanos,
        BOUNDS,
        waits.clone(),
        secondsPerRow,
        replicaShare);
  }
}
