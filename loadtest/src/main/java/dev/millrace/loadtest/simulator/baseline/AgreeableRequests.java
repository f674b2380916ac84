// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.SimRequest;
import java.util.List;

/** Requests of one row and one shape whose deadlines come in the order of their arrivals. */
final class AgreeableRequests {
  private final long[] arrivals;
  private final long[] deadlines;
  private final int shape;

  /**
   * @throws IllegalArgumentException if they are not so
   */
  AgreeableRequests(List<SimRequest> requests) {
    this.arrivals = new long[requests.size()];
    this.deadlines = new long[requests.size()];
    this.shape = requests.isEmpty() ? 0 : requests.getFirst().shape();
    for (int i = 0; i < arrivals.length; i++) {
      SimRequest request = requests.get(i);
      if (request.rows() != 1 || request.shape() != shape) {
        throw new IllegalArgumentException(
            "request %d: %d rows of shape %d (expected 1 row of shape %d)"
                .formatted(i, request.rows(), request.shape(), shape));
      }
      arrivals[i] = request.arrivalNanos();
      deadlines[i] = request.deadlineNanos();
      if (i > 0 && (arrivals[i] < arrivals[i - 1] || deadlines[i] < deadlines[i - 1])) {
        throw new IllegalArgumentException(
            "request %d: arrives at %d, due at %d (expected neither before %d and %d)"
                .formatted(i, arrivals[i], deadlines[i], arrivals[i - 1], deadlines[i - 1]));
      }
    }
  }

  int size() {
    return arrivals.length;
  }

  int shape() {
    return shape;
  }

  long arrivalNanos(int i) {
    return arrivals[i];
  }

  long deadlineNanos(int i) {
    return deadlines[i];
  }

  /** The longest time that any of them allows. */
  long longestBudgetNanos() {
    long longest = 0;
    for (int i = 0; i < arrivals.length; i++) {
      longest = Math.max(longest, deadlines[i] - arrivals[i]);
    }
    return longest;
  }
}
