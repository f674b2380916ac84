// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.repository.ConfigOverlay;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.backends.shadow.Tolerance;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What applications call, as it was declared.
 *
 * @param name what applications send as the model's name
 * @param model its name in the registry
 * @param targets the versions that are to answer, at least one, whose percents make 100
 * @param replicas of each version; 0 for what the model's configuration says
 * @param autoscaling in place of replicas, within which bounds they follow the load
 * @param update how a version replaces another
 * @param stickyParameter the parameter of a request whose values stay with one version; empty for
 *     none
 * @param labels for people and programs
 * @param shadow which version runs copies of what is answered, if one does
 * @param stickyHeader as stickyParameter, but a header of the call, in lower case; one of the two
 *     at most
 * @param config settings in place of the model's own, as {@link ConfigOverlay} has them, keys in
 *     order; empty for none
 */
public record DeploymentSpec(
    String name,
    String model,
    List<Target> targets,
    int replicas,
    Autoscaling autoscaling,
    UpdateStrategy update,
    String stickyParameter,
    Map<String, String> labels,
    Optional<Shadow> shadow,
    String stickyHeader,
    String config) {

  /** Replicas of a version at most. */
  public static final int MAX_REPLICAS = 64;

  /** A version and its part of the traffic. */
  public record Target(VersionSelector version, int percent) {
    @Override
    public String toString() {
      return percent == 100 ? version.toString() : version + ": " + percent + " %";
    }
  }

  /**
   * A version whose answers are compared with those that are returned.
   *
   * @param percent of the answered requests, 1 to 100
   * @param tolerance for floats
   */
  public record Shadow(VersionSelector version, int percent, Tolerance tolerance) {
    /** Unless another percentage is asked for. */
    public static final int DEFAULT_PERCENT = 10;
  }

  public DeploymentSpec {
    targets = List.copyOf(targets);
    labels = Map.copyOf(labels);
    if (replicas > 0 && autoscaling.isOn()) {
      throw new IllegalArgumentException(
          "replicas: %d (expected none beside autoscale: %s)".formatted(replicas, autoscaling));
    }
  }

  /** The same with so many replicas, whatever the load. */
  public DeploymentSpec withReplicas(int count) {
    return scaled(count, Autoscaling.OFF);
  }

  /** The same with replicas that follow the load. */
  public DeploymentSpec withAutoscaling(Autoscaling bounds) {
    return scaled(0, bounds);
  }

  private DeploymentSpec scaled(int count, Autoscaling bounds) {
    return new DeploymentSpec(
        name,
        model,
        targets,
        count,
        bounds,
        update,
        stickyParameter,
        labels,
        shadow,
        stickyHeader,
        config);
  }

  /**
   * How many replicas a version is to have.
   *
   * @param now that it has; 0 if it is yet to be loaded
   * @param configured what the model's configuration says
   */
  public int replicasFrom(int now, int configured) {
    if (autoscaling.isOn()) {
      return autoscaling.bounded(now);
    }
    return replicas > 0 ? replicas : configured;
  }

  /** Whether it means other versions when an alias moves or a version is added. */
  boolean followsWhatMoves() {
    return targets.stream()
        .anyMatch(target -> !(target.version() instanceof VersionSelector.Exactly));
  }

  /** "3", "1..4", or "the model's own". */
  String wantedReplicas() {
    return autoscaling.isOn()
        ? autoscaling.toString()
        : replicas > 0 ? Integer.toString(replicas) : "the model's own";
  }

  /** What is different here, a line each: "replicas: 1 → 4". */
  public List<String> changesFrom(DeploymentSpec old) {
    return SpecChanges.between(old, this);
  }
}
