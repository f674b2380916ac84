// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.deployment.DeploymentSpec.Shadow;
import dev.millrace.backends.deployment.DeploymentSpec.Target;
import dev.millrace.backends.gate.Gates;
import dev.millrace.backends.gate.MetricLimit;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.backends.shadow.Tolerance;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SpecChangesTest {
  private static final DeploymentSpec PLAIN =
      new DeploymentSpec(
          "d",
          "m",
          List.of(new Target(new VersionSelector.Exactly(1), 100)),
          0,
          Autoscaling.OFF,
          UpdateStrategy.ALL_AT_ONCE,
          "",
          Map.of(),
          Optional.empty(),
          "",
          "");

  private static final DeploymentSpec FULL =
      new DeploymentSpec(
          "d",
          "m",
          List.of(
              new Target(new VersionSelector.Exactly(2), 25),
              new Target(new VersionSelector.Exactly(1), 75)),
          0,
          new Autoscaling(1, 4, Duration.ofSeconds(90)),
          new UpdateStrategy(
              List.of(5, 25),
              Duration.ofMillis(2500),
              new Gates(
                  0.01,
                  2,
                  Duration.ofMillis(25),
                  100,
                  0.02,
                  new Tolerance(0.5, 0.001),
                  List.of(limit(0.005))),
              true),
          "user",
          Map.of("team", "risk"),
          Optional.of(new Shadow(new VersionSelector.Exactly(3), 10, Tolerance.DEFAULT)),
          "",
          "{\"slo\":\"20ms\"}");

  private static MetricLimit limit(double max) {
    return new MetricLimit(
        "millrace_queue_seconds",
        MetricLimit.Kind.HISTOGRAM,
        Map.of(),
        0.99,
        MetricLimit.Per.NOTHING,
        new MetricLimit.Max(max));
  }

  private static DeploymentSpec with(Gates gates) {
    return new DeploymentSpec(
        PLAIN.name(),
        PLAIN.model(),
        PLAIN.targets(),
        2,
        PLAIN.autoscaling(),
        new UpdateStrategy(List.of(), Duration.ZERO, gates, false),
        "",
        Map.of(),
        Optional.empty(),
        "",
        "");
  }

  @Test
  void everyFieldIsALineInTheWordsOfTheFile() {
    assertThat(SpecChanges.between(PLAIN, FULL))
        .containsExactly(
            "version: 1 → 2: 25 %, 1: 75 %",
            "replicas: the model's own → none",
            "autoscale.min: none → 1",
            "autoscale.max: none → 4",
            "autoscale.down_after: 60s → 90s",
            "update.steps: [100] → [5, 25, 100]",
            "update.bake: none → 2.5s",
            "update.gates.max_error_rate: none → 0.01",
            "update.gates.max_p99_ratio: none → 2",
            "update.gates.max_p99: none → 0.025s",
            "update.gates.min_requests: none → 100",
            "update.gates.max_divergence: none → 0.02",
            "update.gates.tolerance.absolute: 0.001 → 0.5",
            "update.allow_signature_change: false → true",
            "sticky.parameter: none → user",
            "shadow.version: none → 3",
            "shadow.percent: none → 10",
            "update.gates.limits: millrace_queue_seconds quantile 0.99: none → max 0.005",
            "labels.team: none → risk",
            "config.slo: the model's own → 20ms");
  }

  @Test
  void theSameIsNoLine() {
    assertThat(SpecChanges.between(FULL, FULL)).isEmpty();
    assertThat(SpecChanges.between(PLAIN, PLAIN)).isEmpty();
  }

  @Test
  void onlyWhatIsDifferentInAGateIsALine() {
    Gates before = new Gates(0.01, 2, Duration.ZERO, 0);
    Gates after = new Gates(0.01, 3, Duration.ZERO, 0, 0, Tolerance.DEFAULT, List.of(limit(0.01)));

    assertThat(SpecChanges.between(with(before), with(after)))
        .containsExactly(
            "update.gates.max_p99_ratio: 2 → 3",
            "update.gates.limits: millrace_queue_seconds quantile 0.99: none → max 0.01");
  }
}
