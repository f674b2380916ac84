// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.Set;

/** Turns whatever configuration a model has into its manifest. */
final class ManifestReader {
  private final Set<String> backends;

  /**
   * @param backends names of the engines there are
   */
  ManifestReader(Set<String> backends) {
    this.backends = Set.copyOf(backends);
  }

  ModelManifest read(String modelName, ManifestFile file) throws ManifestException {
    return switch (file.fileName()) {
      case Names.MODEL_YAML -> new YamlManifest(backends).parse(file.text());
      case Names.CONFIG_PBTXT -> new PbtxtManifest(modelName, backends).parse(file.text());
      default -> ModelManifest.DEFAULT;
    };
  }
}
