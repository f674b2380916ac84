// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import java.util.List;

/**
 * How much is spent on the gates.
 *
 * @param isFull every cell; else the cells that were nearest to their targets or say the most
 * @param requests of a run whose latency is compared
 * @param capacityRequests of a run that asks whether a rate is too high
 * @param tolerance of a capacity, as a share of the saturated rate
 */
public record Effort(boolean isFull, int requests, int capacityRequests, double tolerance) {

  /** A minute of one core: for every change. */
  public static Effort brief() {
    return new Effort(false, 40_000, 20_000, 0.01);
  }

  /** Minutes: for what is published. */
  public static Effort full() {
    return new Effort(true, 150_000, 80_000, 0.005);
  }

  /** All of a list, or some. */
  <T> List<T> pick(List<T> all, List<T> some) {
    return isFull ? all : some;
  }
}
