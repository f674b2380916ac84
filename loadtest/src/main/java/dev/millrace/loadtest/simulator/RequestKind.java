// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

/**
 * Requests that are alike.
 *
 * @param weight its share of the requests, relative to the others'
 * @param sloNanos from arrival to deadline; Long.MAX_VALUE for no deadline
 * @param shape the index of its service curve
 * @param tenant whose they are
 * @param priority 0 is served before 1
 * @param rows of a request
 */
public record RequestKind(
    double weight, long sloNanos, int shape, int tenant, int priority, RowCount rows) {

  /** One row, one shape, one tenant. */
  public static RequestKind within(long sloNanos) {
    return new RequestKind(1, sloNanos, 0, 0, 0, RowCount.ONE);
  }

  public RequestKind weighing(double other) {
    return new RequestKind(other, sloNanos, shape, tenant, priority, rows);
  }

  public RequestKind ofShape(int other) {
    return new RequestKind(weight, sloNanos, other, tenant, priority, rows);
  }

  public RequestKind ofTenant(int other) {
    return new RequestKind(weight, sloNanos, shape, other, priority, rows);
  }

  public RequestKind ofPriority(int other) {
    return new RequestKind(weight, sloNanos, shape, tenant, other, rows);
  }

  public RequestKind of(RowCount other) {
    return new RequestKind(weight, sloNanos, shape, tenant, priority, other);
  }

  long deadlineNanos(long arrivalNanos) {
    return sloNanos == Long.MAX_VALUE ? Long.MAX_VALUE : arrivalNanos + sloNanos;
  }
}
