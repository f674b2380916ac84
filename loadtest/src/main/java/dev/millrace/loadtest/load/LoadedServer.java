// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

/**
 * A server that load can be put on: what searches and comparisons see of it. Used by one thread.
 * Every method returns early when the user asks for an end.
 */
public interface LoadedServer extends AutoCloseable {

  /** Sends until the server is warm; what is seen meanwhile does not count. */
  void warmUp(LoadShape shape, WarmUp warmUp) throws InterruptedException;

  /**
   * Sends for so long, or until the schedule has ended, and waits for what is open then. An open
   * loop's late answers are part of the result.
   */
  Observation measure(LoadShape shape, long nanos) throws InterruptedException;

  @Override
  void close();
}
