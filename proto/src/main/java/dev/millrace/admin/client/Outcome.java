// SPDX-License-Identifier: Apache-2.0
package dev.millrace.admin.client;

import dev.millrace.proto.admin.v1.Condition;
import dev.millrace.proto.admin.v1.Deployment;
import java.util.Optional;
import java.util.stream.Collectors;

/** What came of a deployment that somebody waited for. */
public sealed interface Outcome {

  /** The deployment as it was when the waiting ended. */
  Deployment deployment();

  /** What is declared is what serves. */
  record Ready(Deployment deployment) implements Outcome {}

  /**
   * What is declared was given up: by a gate, by somebody, or since it cannot be loaded. What
   * served before still does.
   *
   * @param reason in the gateway's words
   */
  record RolledBack(Deployment deployment, String reason) implements Outcome {}

  /** It is neither yet, and goes on. */
  record TimedOut(Deployment deployment) implements Outcome {}

  /** What a deployment has come to; empty while it is on its way. */
  static Optional<Outcome> of(Deployment deployment) {
    if (holds(deployment, "Ready")) {
      return Optional.of(new Ready(deployment));
    }
    return holds(deployment, "Failed") && !holds(deployment, "Progressing")
        ? Optional.of(new RolledBack(deployment, reason(deployment)))
        : Optional.empty();
  }

  private static boolean holds(Deployment deployment, String type) {
    return deployment.getStatus().getConditionsList().stream()
        .anyMatch(condition -> condition.getType().equals(type) && condition.getStatus());
  }

  private static String reason(Deployment deployment) {
    return deployment.getStatus().getConditionsList().stream()
        .filter(condition -> condition.getType().equals("Failed"))
        .map(Condition::getReason)
        .collect(Collectors.joining());
  }
}
