// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

/**
 * What became of a canary.
 *
 * @param isGood whether its version is as fast as the one before
 * @param isDone whether it got all of the traffic in the end
 * @param reason why not
 * @param nanos from its declaration to its end
 */
public record CanaryResult(boolean isGood, boolean isDone, String reason, long nanos) {}
