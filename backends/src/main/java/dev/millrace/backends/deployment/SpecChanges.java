// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.deployment.DeploymentSpec.Shadow;
import dev.millrace.backends.deployment.DeploymentSpec.Target;
import dev.millrace.backends.gate.Gates;
import dev.millrace.backends.gate.MetricLimit;
import dev.millrace.backends.gate.Numbers;
import dev.millrace.backends.repository.ConfigOverlay;
import dev.millrace.backends.shadow.Tolerance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What is different between two declarations, a line for each field in the words of the file:
 * "update.gates.max_p99_ratio: 2 → 3".
 */
final class SpecChanges {
  private static final String NONE = "none";
  private static final String MODELS_OWN = "the model's own";

  /** By path; what is the same wherever nothing is declared is there too. */
  private final Map<String, String> texts = new LinkedHashMap<>();

  private SpecChanges(DeploymentSpec spec) {
    texts.put("model", spec.model());
    texts.put("version", String.join(", ", spec.targets().stream().map(Target::toString).toList()));
    addReplicas(spec);
    addUpdate(spec.update());
    texts.put("sticky.parameter", orNone(spec.stickyParameter()));
    texts.put("sticky.header", orNone(spec.stickyHeader()));
    new TreeMap<>(spec.labels()).forEach((label, text) -> texts.put("labels." + label, text));
    addShadow(spec.shadow());
  }

  static List<String> between(DeploymentSpec before, DeploymentSpec after) {
    Map<String, String> old = new SpecChanges(before).texts;
    Map<String, String> now = new SpecChanges(after).texts;
    Set<String> paths = new LinkedHashSet<>(old.keySet());
    paths.addAll(now.keySet());
    List<String> changes = new ArrayList<>();
    for (String path : paths) {
      String then = old.getOrDefault(path, NONE);
      String next = now.getOrDefault(path, NONE);
      if (!then.equals(next)) {
        changes.add("%s: %s → %s".formatted(path, then, next));
      }
    }
    changes.addAll(ConfigOverlay.changes(before.config(), after.config()));
    return changes;
  }

  private void addReplicas(DeploymentSpec spec) {
    Autoscaling bounds = spec.autoscaling();
    String fixed = spec.replicas() > 0 ? Integer.toString(spec.replicas()) : MODELS_OWN;
    texts.put("replicas", bounds.isOn() ? NONE : fixed);
    texts.put("autoscale.min", bounds.isOn() ? Integer.toString(bounds.min()) : NONE);
    texts.put("autoscale.max", bounds.isOn() ? Integer.toString(bounds.max()) : NONE);
    texts.put("autoscale.down_after", Numbers.seconds(bounds.downAfter()));
  }

  private void addUpdate(UpdateStrategy update) {
    texts.put("update.steps", update.steps().toString());
    texts.put("update.bake", orNone(update.bake()));
    Gates gates = update.gates();
    texts.put("update.gates.max_error_rate", orNone(gates.maxErrorRate()));
    texts.put("update.gates.max_p99_ratio", orNone(gates.maxP99Ratio()));
    texts.put("update.gates.max_p99", orNone(gates.maxP99()));
    texts.put("update.gates.min_requests", orNone((double) gates.minRequests()));
    texts.put("update.gates.max_divergence", orNone(gates.maxDivergence()));
    add("update.gates.tolerance", gates.tolerance());
    for (MetricLimit limit : gates.limits()) {
      texts.put("update.gates.limits: " + limit.subject(), limit.bound().toString());
    }
    texts.put("update.allow_signature_change", Boolean.toString(update.allowSignatureChange()));
  }

  private void addShadow(Optional<Shadow> shadow) {
    texts.put("shadow.version", shadow.map(s -> s.version().toString()).orElse(NONE));
    texts.put("shadow.percent", shadow.map(s -> Integer.toString(s.percent())).orElse(NONE));
    add("shadow.tolerance", shadow.map(Shadow::tolerance).orElse(Tolerance.DEFAULT));
  }

  private void add(String path, Tolerance tolerance) {
    texts.put(path + ".absolute", Numbers.text(tolerance.absolute()));
    texts.put(path + ".relative", Numbers.text(tolerance.relative()));
  }

  private static String orNone(String text) {
    return text.isEmpty() ? NONE : text;
  }

  private static String orNone(double number) {
    return number > 0 ? Numbers.text(number) : NONE;
  }

  private static String orNone(Duration duration) {
    return duration.isPositive() ? Numbers.seconds(duration) : NONE;
  }
}
