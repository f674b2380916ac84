// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

/**
 * What a model bears, before it is given more.
 *
 * @param peak requests per second in a closed loop
 * @param learned by the gateway in it
 */
record Capacity(double peak, Learned learned) {

  /** So many times as long as the batch takes that carries most rows per second. */
  long deadlineNanos(double batches) {
    return (long) (batches * learned.longest().bestMicros() * 1e3);
  }
}
