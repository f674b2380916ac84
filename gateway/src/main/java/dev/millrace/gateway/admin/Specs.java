// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.DeploymentException;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.deployment.DeploymentSpec.Target;
import dev.millrace.backends.deployment.UpdateStrategy;
import dev.millrace.backends.gate.Gates;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.proto.admin.v1.StickyRouting;
import dev.millrace.proto.admin.v1.WeightedVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Deployments as they are declared, between the protocol's messages and ours. */
final class Specs {
  private static final java.time.Duration LONGEST_BAKE = java.time.Duration.ofDays(30);

  private Specs() {}

  /**
   * Reads a message.
   *
   * @throws DeploymentException INVALID, with every problem there is, a line each
   */
  static DeploymentSpec read(dev.millrace.proto.admin.v1.DeploymentSpec message)
      throws DeploymentException {
    List<String> problems = new ArrayList<>();
    ModelReference reference = ModelReference.read(message, problems);
    String model = reference.model();
    requireName("name", message.getName(), problems);
    if (!message.getModel().isEmpty()) {
      requireName("model", model, problems);
    }
    List<Target> targets =
        reference
            .version()
            .map(version -> List.of(target(version, 100)))
            .orElseGet(() -> targets(message, problems));
    if (message.getReplicas() < 0 || message.getReplicas() > DeploymentSpec.MAX_REPLICAS) {
      problems.add(
          "replicas: %d (expected 1 to %d, or nothing)"
              .formatted(message.getReplicas(), DeploymentSpec.MAX_REPLICAS));
    }
    Autoscaling autoscaling = Scales.read(message, problems);
    UpdateStrategy update = strategy(message.getUpdate(), problems);
    Optional<DeploymentSpec.Shadow> shadow = ShadowSpecs.read(message, problems);
    String stickyHeader = ShadowSpecs.stickyHeader(message.getSticky(), problems);
    String config = ConfigText.read(message.getConfig(), problems);
    if (!problems.isEmpty()) {
      throw new DeploymentException(DeploymentException.Kind.INVALID, String.join("\n", problems));
    }
    return new DeploymentSpec(
        message.getName(),
        model,
        targets,
        message.getReplicas(),
        autoscaling,
        update,
        message.getSticky().getParameter(),
        message.getLabelsMap(),
        shadow,
        stickyHeader,
        config);
  }

  private static void requireName(String field, String name, List<String> problems) {
    if (!VersionSelector.isModelName(name)) {
      problems.add(
          "%s: '%s' (expected 1..128 of the letters A-Z a-z 0-9 _ - . and neither - nor . first)"
              .formatted(field, name));
    }
  }

  private static List<Target> targets(
      dev.millrace.proto.admin.v1.DeploymentSpec message, List<String> problems) {
    List<Target> targets = new ArrayList<>();
    if (message.getTrafficCount() == 0) {
      selector("version", message.getVersion(), problems).forEach(v -> targets.add(target(v, 100)));
      return targets;
    }
    if (!message.getVersion().isEmpty()) {
      problems.add("version: '%s' (expected none beside traffic)".formatted(message.getVersion()));
    }
    int sum = 0;
    for (WeightedVersion weighted : message.getTrafficList()) {
      int weight = weighted.getWeight();
      if (weight < 0 || weight > 100) {
        problems.add("traffic: weight %d (expected 0 to 100)".formatted(weight));
      }
      sum += weight;
      selector("traffic", weighted.getVersion(), problems)
          .forEach(version -> targets.add(target(version, weight)));
    }
    if (sum != 100) {
      problems.add("traffic: weights that make %d (expected 100)".formatted(sum));
    }
    return targets;
  }

  private static Target target(VersionSelector version, int percent) {
    return new Target(version, percent);
  }

  private static List<VersionSelector> selector(String field, String text, List<String> problems) {
    List<VersionSelector> selectors = VersionSelector.parse(text).stream().toList();
    if (selectors.isEmpty()) {
      problems.add("%s: '%s' (expected a number from 1, @ALIAS or latest)".formatted(field, text));
    }
    return selectors;
  }

  private static UpdateStrategy strategy(
      dev.millrace.proto.admin.v1.UpdateStrategy message, List<String> problems) {
    java.time.Duration bake = duration("update.bake", message.getBake(), problems);
    dev.millrace.proto.admin.v1.Gates gates = message.getGates();
    java.time.Duration maxP99 = duration("update.gates.max_p99", gates.getMaxP99(), problems);
    if (!(gates.getMaxErrorRate() >= 0 && gates.getMaxErrorRate() <= 1)) {
      problems.add(
          "update.gates.max_error_rate: %s (expected 0 to 1)".formatted(gates.getMaxErrorRate()));
    }
    if (!(gates.getMaxP99Ratio() >= 0)) {
      problems.add(
          "update.gates.max_p99_ratio: %s (expected at least 0)".formatted(gates.getMaxP99Ratio()));
    }
    if (gates.getMinRequests() < 0) {
      problems.add(
          "update.gates.min_requests: %d (expected at least 0)".formatted(gates.getMinRequests()));
    }
    if (!(gates.getMaxDivergence() >= 0 && gates.getMaxDivergence() <= 1)) {
      problems.add(
          "update.gates.max_divergence: %s (expected 0 to 1)".formatted(gates.getMaxDivergence()));
    }
    try {
      return new UpdateStrategy(
          message.getStepsList(),
          bake,
          new Gates(
              gates.getMaxErrorRate(),
              gates.getMaxP99Ratio(),
              maxP99,
              gates.getMinRequests(),
              gates.getMaxDivergence(),
              ShadowSpecs.tolerance(
                  "update.gates.tolerance", gates.hasTolerance(), gates.getTolerance(), problems),
              LimitSpecs.read(gates.getLimitsList(), problems)),
          message.getAllowSignatureChange());
    } catch (IllegalArgumentException e) {
      problems.add("update." + e.getMessage());
      return UpdateStrategy.ALL_AT_ONCE;
    }
  }

  private static java.time.Duration duration(
      String field, Duration message, List<String> problems) {
    boolean valid = Durations.isValid(message);
    java.time.Duration duration =
        java.time.Duration.ofSeconds(
            valid ? message.getSeconds() : 0, valid ? message.getNanos() : 0);
    if (!valid || duration.isNegative() || duration.compareTo(LONGEST_BAKE) > 0) {
      problems.add(
          "%s: %s (expected 0s to %d days)"
              .formatted(field, valid ? duration : "no duration", LONGEST_BAKE.toDays()));
      return java.time.Duration.ZERO;
    }
    return duration;
  }

  /** The message that {@link #read} makes this of. */
  static dev.millrace.proto.admin.v1.DeploymentSpec write(DeploymentSpec spec) {
    dev.millrace.proto.admin.v1.DeploymentSpec.Builder message =
        dev.millrace.proto.admin.v1.DeploymentSpec.newBuilder()
            .setName(spec.name())
            .setModel(spec.model())
            .setReplicas(spec.replicas())
            .putAllLabels(spec.labels());
    if (spec.targets().size() == 1) {
      message.setVersion(spec.targets().getFirst().version().toString());
    } else {
      for (Target target : spec.targets()) {
        message.addTraffic(
            WeightedVersion.newBuilder()
                .setVersion(target.version().toString())
                .setWeight(target.percent()));
      }
    }
    if (!spec.stickyParameter().isEmpty()) {
      message.setSticky(StickyRouting.newBuilder().setParameter(spec.stickyParameter()));
    }
    if (spec.autoscaling().isOn()) {
      message.setAutoscale(Scales.write(spec.autoscaling()));
    }
    if (!spec.stickyHeader().isEmpty()) {
      message.setSticky(StickyRouting.newBuilder().setHeader(spec.stickyHeader()));
    }
    if (!spec.config().isEmpty()) {
      message.setConfig(ConfigText.write(spec.config()));
    }
    spec.shadow().map(ShadowSpecs::write).ifPresent(message::setShadow);
    if (!spec.update().equals(UpdateStrategy.ALL_AT_ONCE)) {
      message.setUpdate(strategy(spec.update()));
    }
    return message.build();
  }

  private static dev.millrace.proto.admin.v1.UpdateStrategy strategy(UpdateStrategy update) {
    dev.millrace.proto.admin.v1.UpdateStrategy.Builder message =
        dev.millrace.proto.admin.v1.UpdateStrategy.newBuilder()
            .addAllSteps(update.steps())
            .setBake(duration(update.bake()))
            .setAllowSignatureChange(update.allowSignatureChange());
    Gates gates = update.gates();
    if (!gates.equals(Gates.NONE)) {
      message.setGates(gates(gates));
    }
    return message.build();
  }

  private static dev.millrace.proto.admin.v1.Gates gates(Gates gates) {
    return dev.millrace.proto.admin.v1.Gates.newBuilder()
        .setMaxErrorRate(gates.maxErrorRate())
        .setMaxP99Ratio(gates.maxP99Ratio())
        .setMaxP99(duration(gates.maxP99()))
        .setMinRequests(gates.minRequests())
        .setMaxDivergence(gates.maxDivergence())
        .setTolerance(ShadowSpecs.write(gates.tolerance()))
        .addAllLimits(gates.limits().stream().map(LimitSpecs::write).toList())
        .build();
  }

  static Duration duration(java.time.Duration duration) {
    return Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }
}
