// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

/** Why a scheduler did not run a request. */
public enum Refusal {
  /** The queue holds as much as it may. */
  QUEUE_FULL,
  /** It could not end in time any more, though its deadline had not passed. */
  HOPELESS,
  /** Its deadline, or the longest that it may wait, has passed. */
  EXPIRED
}
