// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

/**
 * A time in which the rate of requests is a straight line.
 *
 * @param seconds its length, above 0; infinite only if the rate is level
 * @param from requests per second at its beginning
 * @param to requests per second at its end
 */
public record Stretch(double seconds, double from, double to) {

  /** Requests due in it. */
  double requests() {
    return (from + to) / 2 * seconds;
  }

  /**
   * The moment, in seconds from its beginning, at which that many requests are due: the inverse of
   * the rate's integral.
   */
  double secondsAt(double requests) {
    if (from == to) {
      return requests / from;
    }
    if (requests <= 0) {
      return 0;
    }
    double slope = (to - from) / seconds;
    // the root of slope/2 s² + from s = requests, in the form that loses no digits where they are
    // nearly level; the discriminant is to² at the end, a little less by rounding
    double rateThere = Math.sqrt(Math.max(0, from * from + 2 * slope * requests));
    return Math.min(seconds, 2 * requests / (from + rateThere));
  }

  /** Its beginning, at most that long. */
  Stretch cutAt(double limit) {
    return limit >= seconds
        ? this
        : new Stretch(limit, from, from == to ? to : from + (to - from) * limit / seconds);
  }
}
