// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import java.io.IOException;
import java.util.List;

/** Where deployments are kept while the gateway does not run. */
public interface DeploymentStore {

  /** Keeps nothing, and says so. */
  DeploymentStore NONE =
      new DeploymentStore() {
        @Override
        public List<Stored> load() {
          return List.of();
        }

        @Override
        public void save(Stored stored) throws IOException {
          throw new IOException("no data directory is configured (data_directory, --data-dir)");
        }

        @Override
        public void delete(String name) throws IOException {
          throw new IOException("no data directory is configured (data_directory, --data-dir)");
        }
      };

  /**
   * What a gateway has to know to go on.
   *
   * @param stable who answered when last a rollout was over; none before the first
   * @param rejected versions that were given up since the spec was applied; none if not
   * @param rejection why
   */
  record Stored(
      DeploymentSpec spec, long generation, Traffic stable, Traffic rejected, String rejection) {

    /** The same spec, and what a rollout leaves behind. */
    Stored leaving(Traffic nowStable, Traffic nowRejected, String why) {
      return new Stored(spec, generation, nowStable, nowRejected, why);
    }

    /** Another spec, and nothing that was given up. */
    Stored declaring(DeploymentSpec next, long nextGeneration) {
      return new Stored(next, nextGeneration, stable, Traffic.NONE, "");
    }

    /** The same spec but for its replicas. */
    Stored scaled(DeploymentSpec next) {
      return new Stored(next, generation + 1, stable, rejected, rejection);
    }
  }

  /**
   * All there are.
   *
   * @throws IOException if they cannot be read
   */
  List<Stored> load() throws IOException;

  /** Writes one, over what was there: all of it or, if it fails, nothing. */
  void save(Stored stored) throws IOException;

  /** Forgets one. */
  void delete(String name) throws IOException;

  /** Lets go of the place. */
  default void close() {}
}
