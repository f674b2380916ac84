// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.util.Optional;

/**
 * A model of the mix.
 *
 * @param version as the server names it; empty leaves the choice to the server
 * @param weight its share of the requests, relative to the other models; above 0
 */
public record ModelShare(String model, Optional<String> version, double weight) {
  public ModelShare {
    if (model.isEmpty()) {
      throw new WorkloadException("model '' (expected a name)");
    }
    if (!(weight > 0) || Double.isInfinite(weight)) {
      throw new WorkloadException(
          "model '%s': weight %s (expected above 0)".formatted(model, weight));
    }
  }

  /**
   * Reads {@code MODEL}, {@code MODEL=WEIGHT}, {@code MODEL:VERSION} or {@code
   * MODEL:VERSION=WEIGHT}.
   *
   * @throws WorkloadException if it is none of them
   */
  public static ModelShare parse(String text) {
    int equals = text.lastIndexOf('=');
    double weight = equals < 0 ? 1 : Numbers.weight("model", text, text.substring(equals + 1));
    String name = equals < 0 ? text : text.substring(0, equals);
    int colon = name.lastIndexOf(':');
    if (colon < 0) {
      return new ModelShare(name, Optional.empty(), weight);
    }
    String version = name.substring(colon + 1);
    if (version.isEmpty()) {
      throw new WorkloadException("model '%s' (expected MODEL:VERSION)".formatted(text));
    }
    return new ModelShare(name.substring(0, colon), Optional.of(version), weight);
  }

  /** The name, with the version if there is one. */
  String label() {
    return version.map(v -> model + ":" + v).orElse(model);
  }
}
