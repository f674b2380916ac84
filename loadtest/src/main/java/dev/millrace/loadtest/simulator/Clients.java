// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

/** What clients do when a request of theirs has ended, or has not when they expected it to. */
public sealed interface Clients {
  Clients ONCE = new Once();

  /** Nothing. */
  record Once() implements Clients {}

  /**
   * Ask again when they are refused or hear nothing by the deadline.
   *
   * @param attempts in all, the first among them
   * @param backoffNanos before the second attempt, doubled for each later one; ±50 %
   * @param obedient whether they wait as long as the refusal asks them to
   */
  record Retry(int attempts, long backoffNanos, boolean obedient) implements Clients {}

  /**
   * Ask for the next as soon as they have an answer, refused or not.
   *
   * @param inFlight how many clients there are; they begin with the simulation
   */
  record ClosedLoop(int inFlight) implements Clients {}
}
