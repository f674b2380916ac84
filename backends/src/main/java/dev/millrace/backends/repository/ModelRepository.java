// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.ModelArtifact;
import java.io.IOException;
import java.util.List;

/**
 * A place that holds versioned models. Every call may take long. One thread lists; any others may
 * resolve, fetch and release meanwhile.
 */
public interface ModelRepository extends AutoCloseable {

  /** Where it is, for messages. */
  String location();

  /**
   * Everything there is now. A model that cannot be read is an entry with its problem, never an
   * exception and never a reason to leave others out.
   *
   * @throws IOException if the repository as a whole cannot be read; what was listed before stays
   */
  List<ModelEntry> list() throws IOException;

  /**
   * A model with the one version that is meant, whatever versions its own configuration asks for.
   *
   * @throws UnknownVersionException if the model, the version or the alias is not there
   * @throws IOException if the repository cannot be read
   */
  ModelEntry resolve(String model, VersionSelector selector) throws IOException;

  /**
   * Brings the files of a version that was listed or resolved to this machine, so that a change in
   * the repository can no longer touch them while they are in use. An interrupt ends it, as far as
   * it waits for another machine.
   *
   * @throws IOException if it is not there any more, or cannot be read
   */
  ModelArtifact fetch(ModelEntry entry, ModelEntry.ModelVersion version) throws IOException;

  /** Gives back what {@link #fetch} put here, when the version is unloaded; from any thread. */
  void release(ModelArtifact artifact);

  @Override
  void close();
}
