// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.baseline;

import dev.millrace.loadtest.simulator.ServiceCurve;
import dev.millrace.loadtest.simulator.SimRequest;
import java.util.Arrays;
import java.util.List;

/**
 * The most requests that one replica could answer on time if it knew all arrivals beforehand.
 *
 * <p>For requests of one row and one shape whose deadlines come in the order of arrival. Then some
 * optimal schedule serves in that order, in batches of neighbours with drops only between them: two
 * batches or a drop and a served one can be exchanged without making anything later. Let g(i, k) be
 * the least time at which the first i requests are done with, k of them dropped:
 *
 * <pre>
 * g(i, k) = min( g(i - 1, k - 1),
 *                min over b of  max(g(i - b, k), arrival(i)) + l(b)   if that is by deadline(i - b + 1) )
 * </pre>
 *
 * <p>The answer is all but the least k with a finite g(N, k). Rows of the table depend only on the
 * one before, so k is counted up until it is found: N times k times the largest batch, in memory of
 * 2 N.
 */
public final class OfflineOptimum {
  private static final long NEVER = Long.MAX_VALUE;

  private final AgreeableRequests requests;
  private final long[] nanos; // by rows

  private OfflineOptimum(AgreeableRequests requests, long[] nanos) {
    this.requests = requests;
    this.nanos = nanos;
  }

  /**
   * How many can be answered on time.
   *
   * @throws IllegalArgumentException if a request has another shape or several rows, or is due
   *     before an earlier one
   */
  public static int onTime(List<SimRequest> requests, ServiceCurve curve, int maxBatch) {
    AgreeableRequests agreeable = new AgreeableRequests(requests);
    CurveTable table = new CurveTable(curve, maxBatch);
    long[] nanos = new long[maxBatch + 1];
    for (int rows = 1; rows <= maxBatch; rows++) {
      nanos[rows] = table.nanos(agreeable.shape(), rows);
    }
    return new OfflineOptimum(agreeable, nanos).onTime();
  }

  private int onTime() {
    int size = requests.size();
    int[] largest = largestBatches();
    long[] done = new long[size + 1]; // g(., k)
    long[] before = new long[size + 1]; // g(., k - 1)
    Arrays.fill(before, NEVER);
    for (int dropped = 0; ; dropped++) {
      done[0] = dropped == 0 ? Long.MIN_VALUE : NEVER;
      for (int i = 1; i <= size; i++) {
        done[i] = Math.min(before[i - 1], served(done, i, largest[i]));
      }
      if (done[size] != NEVER) {
        return size - dropped;
      }
      long[] swap = before;
      before = done;
      done = swap;
    }
  }

  /** The least time at which a batch that ends with the i-th request is done. */
  private long served(long[] done, int i, int largest) {
    long arrival = requests.arrivalNanos(i - 1);
    long least = NEVER;
    for (int rows = 1; rows <= largest; rows++) {
      long free = done[i - rows];
      if (free != NEVER) {
        long end = Math.max(free, arrival) + nanos[rows];
        if (end < least && end <= requests.deadlineNanos(i - rows)) {
          least = end;
        }
      }
    }
    return least;
  }

  /** For each i, the most rows of a batch that ends with it and finds the replica idle. */
  private int[] largestBatches() {
    int[] largest = new int[requests.size() + 1];
    for (int i = 1; i < largest.length; i++) {
      for (int rows = 1; rows <= Math.min(i, nanos.length - 1); rows++) {
        if (requests.arrivalNanos(i - 1) + nanos[rows] <= requests.deadlineNanos(i - rows)) {
          largest[i] = rows;
        }
      }
    }
    return largest;
  }
}
