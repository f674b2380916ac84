// SPDX-License-Identifier: Apache-2.0
/**
 * Schedulers of other systems, and bounds that no scheduler can pass, for our own to be held
 * against.
 *
 * <p>Each is modelled from its source or its paper, for one model on equal replicas, without the
 * cost of its threads, locks and messages. Where a behaviour is not described, the kinder reading
 * is taken. None pads: a run has the rows of its requests.
 */
@org.jspecify.annotations.NullMarked
package dev.millrace.loadtest.simulator.baseline;
