// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.List;
import java.util.Optional;

/**
 * A model as a repository holds it at one moment.
 *
 * @param name its name, unique within a repository
 * @param manifest how it is to be served; the default if there is a problem
 * @param versions the versions that the manifest's policy asks for, ascending
 * @param problem why the model cannot be served at all (unreadable, no versions, bad configuration)
 */
public record ModelEntry(
    String name, ModelManifest manifest, List<ModelVersion> versions, Optional<String> problem) {

  /**
   * One version of a model.
   *
   * @param number 1 or more
   * @param fingerprint changes whenever the version's content or its configuration may have changed
   * @param settled false while its content still seems to be on its way in: not to be loaded yet
   * @param problem why this version cannot be served (its file is missing, say)
   */
  public record ModelVersion(
      long number, String fingerprint, boolean settled, Optional<String> problem) {}
}
