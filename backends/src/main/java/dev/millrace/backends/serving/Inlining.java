// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.time.Duration;

/**
 * Which batches event loops may run themselves instead of waking a replica.
 *
 * @param eventLoops how many there are; 0 for none that could
 * @param budget what such a batch may take; zero to leave all to the replicas
 */
public record Inlining(int eventLoops, Duration budget) {
  /** All batches run on replica threads. */
  public static final Inlining OFF = new Inlining(0, Duration.ZERO);
}
