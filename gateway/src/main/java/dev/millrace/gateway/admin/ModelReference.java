// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a deployment's {@code model} says: a name or, as MLflow writes it, a name and a version,
 * {@code models:/fraud/3} or {@code models:/fraud@champion}.
 */
record ModelReference(String model, Optional<VersionSelector> version) {
  private static final String PREFIX = "models:/";
  private static final Pattern REST = Pattern.compile("([^/@]+)(?:/([^/@]+)|(@[^/@]+))");

  /** Reads it; the name of the deployment is the model's unless there is one. */
  static ModelReference read(DeploymentSpec message, List<String> problems) {
    String text = message.getModel().isEmpty() ? message.getName() : message.getModel();
    if (!text.startsWith(PREFIX)) {
      return new ModelReference(text, Optional.empty());
    }
    Matcher matcher = REST.matcher(text.substring(PREFIX.length()));
    Optional<VersionSelector> version =
        matcher.matches()
            ? VersionSelector.parse(matcher.group(2) == null ? matcher.group(3) : matcher.group(2))
            : Optional.empty();
    if (version.isEmpty()) {
      problems.add(
          "model: '%s' (expected models:/NAME/NUMBER, models:/NAME/latest or models:/NAME@ALIAS)"
              .formatted(text));
      return new ModelReference(message.getName(), Optional.of(VersionSelector.LATEST));
    }
    if (!message.getVersion().isEmpty() || message.getTrafficCount() > 0) {
      problems.add(
          "model: '%s' names a version (expected no version and no traffic beside it)"
              .formatted(text));
    }
    return new ModelReference(matcher.group(1), version);
  }
}
