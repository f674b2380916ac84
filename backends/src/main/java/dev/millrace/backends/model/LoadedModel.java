// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

/**
 * A model in memory on one device, shared by all replicas there: weights exist once, unless {@link
 * #sharesWeights} says otherwise.
 *
 * <p>Thread-safe. To be closed after the last of its runners.
 */
public interface LoadedModel extends AutoCloseable {

  ModelSignature signature();

  /** A new runner with memory of its own, for one replica. Cheap where weights are shared. */
  Runner newRunner();

  /**
   * As {@link #newRunner}, of one that is never {@linkplain Runner#attach attached}: for runs
   * beside those of replicas.
   */
  default Runner newUnattachedRunner() {
    return newRunner();
  }

  /**
   * Whether a run keeps cores of this machine busy, as many as it may use threads: then more
   * replicas than cores do nothing but wait for each other.
   */
  default boolean runsOnCores() {
    return true;
  }

  /** Whether all runners use the same weights; else each but the first brings a copy of its own. */
  default boolean sharesWeights() {
    return true;
  }

  @Override
  void close();
}
