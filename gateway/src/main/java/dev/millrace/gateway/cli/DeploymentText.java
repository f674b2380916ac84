// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.google.protobuf.util.Timestamps;
import dev.millrace.proto.admin.v1.ApplyDeploymentResponse;
import dev.millrace.proto.admin.v1.Autoscale;
import dev.millrace.proto.admin.v1.Condition;
import dev.millrace.proto.admin.v1.Deployment;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.Event;
import dev.millrace.proto.admin.v1.Rollout;
import dev.millrace.proto.admin.v1.VersionStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Deployments and events, for people. */
final class DeploymentText {
  private DeploymentText() {}

  static List<String> table(List<Deployment> deployments) {
    Table table = new Table("NAME", "MODEL", "VERSION", "READY", "SERVES", "ROLLOUT");
    for (Deployment deployment : deployments) {
      DeploymentSpec spec = deployment.getSpec();
      table.add(
          spec.getName(),
          spec.getModel(),
          wanted(spec),
          readiness(deployment),
          serves(deployment),
          rollout(deployment));
    }
    return table.lines();
  }

  static List<String> changes(ApplyDeploymentResponse applied, boolean dryRun) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s: %s, generation %d"
            .formatted(
                applied.getDeployment().getSpec().getName(),
                applied.getChangesCount() == 0 ? "unchanged" : dryRun ? "would change" : "applied",
                applied.getDeployment().getGeneration()));
    applied.getChangesList().forEach(change -> lines.add("  " + change));
    return lines;
  }

  private static String wanted(DeploymentSpec spec) {
    return spec.getTrafficCount() == 0
        ? spec.getVersion()
        : spec.getTrafficList().stream()
            .map(share -> share.getVersion() + ": " + share.getWeight() + " %")
            .collect(Collectors.joining(", "));
  }

  /** One deployment, with what its rollout waits for, and what its shadows have seen. */
  static List<String> details(Deployment deployment) {
    List<String> lines = new ArrayList<>(table(List.of(deployment)));
    String awaited = awaited(deployment);
    if (!awaited.isEmpty()) {
      lines.add("rollout: " + awaited);
    }
    deployment.getStatus().getShadowsList().stream().map(ShadowText::line).forEach(lines::add);
    return lines;
  }

  private static String readiness(Deployment deployment) {
    String unknown = condition(deployment, "Current").getReason();
    return condition(deployment, "Ready").getStatus()
        ? unknown.isEmpty() ? "yes" : "yes (" + unknown + ")"
        : condition(deployment, "Failed").getStatus()
            ? "no: " + condition(deployment, "Failed").getReason()
            : "not yet";
  }

  /** What a rollout's step waits for; empty if there is none. */
  static String awaited(Deployment deployment) {
    return condition(deployment, "Progressing").getReason();
  }

  private static Condition condition(Deployment deployment, String type) {
    return deployment.getStatus().getConditionsList().stream()
        .filter(condition -> condition.getType().equals(type))
        .findFirst()
        .orElse(Condition.getDefaultInstance());
  }

  /** The versions that are there, those without traffic as well. */
  private static String serves(Deployment deployment) {
    return serves(deployment, version -> version.getReplicas() > 0);
  }

  /** The versions that answer; one that was replaced may still be there for a moment. */
  static String answers(Deployment deployment) {
    return serves(deployment, version -> version.getReplicas() > 0 && version.getWeight() > 0);
  }

  private static String serves(Deployment deployment, Predicate<VersionStatus> which) {
    return deployment.getStatus().getVersionsList().stream()
        .filter(which)
        .map(version -> text(version, bounds(deployment.getSpec())))
        .collect(Collectors.joining(", "));
  }

  private static String text(VersionStatus version, String bounds) {
    return "%d: %d %%, %d%s replica%s"
        .formatted(
            version.getVersion(),
            version.getWeight(),
            version.getReplicas(),
            bounds,
            version.getReplicas() == 1 && bounds.isEmpty() ? "" : "s");
  }

  /** " (1..4)" if replicas follow the load. */
  static String bounds(DeploymentSpec spec) {
    Autoscale bounds = spec.getAutoscale();
    return spec.hasAutoscale() ? " (%d..%d)".formatted(bounds.getMin(), bounds.getMax()) : "";
  }

  static String rollout(Deployment deployment) {
    if (!deployment.getStatus().hasRollout()) {
      return "-";
    }
    Rollout rollout = deployment.getStatus().getRollout();
    String step =
        rollout.getPhase().equals("BAKING")
            ? ", step %d of %d".formatted(rollout.getStep() + 1, rollout.getSteps())
            : "";
    return "%s → %s: %s%s"
        .formatted(rollout.getFromList(), rollout.getToList(), rollout.getPhase(), step);
  }

  static String line(Event event) {
    String change =
        event.getOldValue().isEmpty()
            ? event.getNewValue()
            : event.getOldValue() + " → " + event.getNewValue();
    String failure = event.getFailure().isEmpty() ? "" : " (" + event.getFailure() + ")";
    return "%s  %s  %s  %s%s  by %s"
        .formatted(
            Timestamps.toString(event.getTime()),
            event.getSubject(),
            event.getKind(),
            change,
            failure,
            event.getActor());
  }
}
