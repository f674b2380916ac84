// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * The parts of a gateway's work in which it is killed, and how long after the beginning at most.
 */
enum KillMoment {
  /** A version is fetched, loaded, warmed, and takes all of the traffic. */
  LOAD(120),
  /** The steps of a canary. */
  CANARY(800),
  /** The old version waits behind the new one. */
  BLUE_GREEN(500),
  PROMOTE(15),
  ROLL_BACK(15),
  /** A deployment's file is written again and again. */
  JOURNAL(200),
  /** A version is on its way into the registry. */
  PUSH(150),
  ALIAS(100),
  SCALE(20);

  private final long mostMillis;

  KillMoment(long mostMillis) {
    this.mostMillis = mostMillis;
  }

  /** A random moment, in nanoseconds from the beginning. */
  long nanos(RandomGenerator random) {
    return random.nextLong(TimeUnit.MILLISECONDS.toNanos(mostMillis));
  }
}
