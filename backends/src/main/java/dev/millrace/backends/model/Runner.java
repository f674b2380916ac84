// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import java.util.List;
import java.util.OptionalInt;

/** Runs batches of one {@link LoadedModel}. Owned by one thread at a time. */
public interface Runner extends AutoCloseable {

  /**
   * Runs the rows of all requests together.
   *
   * @param requests at least one, validated against the signature; more than one only if the model
   *     is batched, then with equal shapes behind the first axis
   * @param rows rows of all requests together; of an unbatched model 1
   * @return one tensor per output of the signature, in its order; valid until the next call
   * @throws ModelRunException if the engine fails; the runner stays usable
   */
  OutputTensor[] run(List<? extends ModelInputs> requests, int rows) throws ModelRunException;

  /**
   * Makes ready for runs by the calling thread, and no other from now on: before a replica's first
   * batch. May take seconds; what cannot be made ready goes without.
   *
   * @throws ModelRunException if its device is found to be lost
   */
  default void attach() throws ModelRunException {}

  /**
   * Ends the run that is in progress: it throws a {@link ModelRunException} soon, unless it was
   * about to return. From any thread; does not block.
   *
   * <p>As well as the engine can: it may be deaf until its current step is done, and a driver that
   * hangs never hears. Without a run in progress nothing happens, and the next run is as any other.
   * The runner cannot know which run was meant: who means one in particular sees to it that the
   * next does not begin before this has returned, and that the runner is not closed.
   */
  void terminate();

  /** The outputs of the last run are no longer read: what they hold can go. */
  default void release() {}

  /**
   * Number of the GPU that it shares with others of its model: of runs there at a time each takes
   * longer. Empty where runs have cores of their own.
   */
  default OptionalInt sharedGpu() {
    return OptionalInt.empty();
  }

  /** How the last run's time went. */
  RunTimes lastTimes();

  @Override
  void close();

  /**
   * Times of one run.
   *
   * @param gatherNanos copying inputs to where the engine reads them
   * @param runNanos the engine itself
   * @param collectNanos making the outputs readable
   */
  record RunTimes(long gatherNanos, long runNanos, long collectNanos) {}
}
