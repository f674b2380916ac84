// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

/**
 * One request that is sent again and again.
 *
 * @param label what reports call it: the model, and what tells it from the model's other variants
 * @param model the model's name
 * @param rows of its first input's first axis; 1 where there is none
 * @param message a serialised ModelInferRequest, without gRPC's prefix; not modified
 * @param weight its share of the requests, relative to the others; above 0
 * @param deadlineNanos sent with it as grpc-timeout; 0 for the one that all have, if there is one
 */
// an array: it goes to the wire as it is, and nobody compares variants
@SuppressWarnings("ArrayRecordComponent")
public record Variant(
    String label, String model, int rows, byte[] message, double weight, long deadlineNanos) {
  /** Without a deadline of its own. */
  public Variant(String label, String model, int rows, byte[] message, double weight) {
    this(label, model, rows, message, weight, 0);
  }

  /** The same request with a deadline of its own, as one of several. */
  Variant within(DeadlineShare share) {
    return new Variant(
        label + " within " + share.text(),
        model,
        rows,
        message,
        weight * share.weight(),
        share.nanos());
  }
}
