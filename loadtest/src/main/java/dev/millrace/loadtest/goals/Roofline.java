// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

/**
 * What one core could do at most that has to do two things for each request, one after the other.
 */
final class Roofline {
  private Roofline() {}

  /**
   * Requests per second.
   *
   * @param rowsPerSecond of the engine alone, with requests of one row
   * @param requestsPerSecond of the wire alone
   */
  static double rate(double rowsPerSecond, double requestsPerSecond) {
    return 1 / (1 / rowsPerSecond + 1 / requestsPerSecond);
  }

  /** The rate of work that comes in kinds, equally often: the harmonic mean of their rates. */
  static double ofKinds(double[] ratesPerSecond) {
    double seconds = 0;
    for (double rate : ratesPerSecond) {
      seconds += 1 / rate;
    }
    return ratesPerSecond.length / seconds;
  }
}
