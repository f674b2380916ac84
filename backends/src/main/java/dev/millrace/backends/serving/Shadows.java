// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.DeploymentSpec.Shadow;
import dev.millrace.backends.deployment.Rollout;
import dev.millrace.backends.gate.Gates;
import dev.millrace.backends.shadow.Tolerance;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which served versions run copies of what others answer, as it is declared, or as a rollout wants
 * it while it compares. The control thread's.
 */
final class Shadows {
  private static final Logger log = LoggerFactory.getLogger(Shadows.class);

  /** Of what the old version of a rollout answers, the new one runs so much for its gate. */
  private static final int GATE_PERCENT = 10;

  private final Map<Pair, Running> running = new LinkedHashMap<>();

  /** Who answers, and who runs copies of that. */
  private record Pair(ServedVersion answering, ServedVersion shadow) {}

  private record Settings(Declared deployment, int percent, Tolerance tolerance) {}

  private record Running(Settings settings, Mirror mirror) {}

  /**
   * Starts and ends what has to be.
   *
   * @param routes as they have just been published
   */
  void align(Collection<Declared> declared, Routes routes) {
    try {
      Map<Pair, Settings> wanted = new LinkedHashMap<>();
      for (Declared deployment : declared) {
        Map<Long, ServedVersion> ready = new HashMap<>();
        routes.ready(deployment.name()).forEach(served -> ready.put(served.version(), served));
        addDeclared(deployment, ready, wanted);
        addRollout(deployment, ready, wanted);
      }
      end(wanted);
      begin(wanted);
    } catch (RuntimeException | Error e) {
      log.error("shadows could not be changed", e);
    }
  }

  private static void addDeclared(
      Declared deployment, Map<Long, ServedVersion> ready, Map<Pair, Settings> wanted) {
    Optional<Shadow> shadow = deployment.spec().shadow();
    ServedVersion target = ready.get(deployment.shadowVersion());
    if (shadow.isEmpty() || target == null) {
      return;
    }
    Settings settings = new Settings(deployment, shadow.get().percent(), shadow.get().tolerance());
    for (long version : deployment.traffic().versions()) {
      ServedVersion answering = ready.get(version);
      if (answering != null && answering != target) {
        wanted.put(new Pair(answering, target), settings);
      }
    }
  }

  private static void addRollout(
      Declared deployment, Map<Long, ServedVersion> ready, Map<Pair, Settings> wanted) {
    Rollout rollout = deployment.rollout().orElse(null);
    if (rollout == null || rollout.phase() != Rollout.Phase.BAKING) {
      return;
    }
    Gates gates = rollout.strategy().gates();
    if (gates.maxDivergence() <= 0) {
      return;
    }
    Set<Long> candidates = new HashSet<>(rollout.to().versions());
    candidates.removeAll(rollout.from().versions());
    for (long from : rollout.from().versions()) {
      for (long candidate : candidates) {
        ServedVersion answering = ready.get(from);
        ServedVersion target = ready.get(candidate);
        if (answering != null && target != null) {
          wanted.merge(
              new Pair(answering, target),
              new Settings(deployment, GATE_PERCENT, gates.tolerance()),
              (old, more) ->
                  new Settings(
                      deployment, Math.max(old.percent(), more.percent()), more.tolerance()));
        }
      }
    }
  }

  private void end(Map<Pair, Settings> wanted) {
    for (Map.Entry<Pair, Running> entry : List.copyOf(running.entrySet())) {
      Pair pair = entry.getKey();
      Running now = entry.getValue();
      if (now.settings().equals(wanted.get(pair))) {
        continue;
      }
      running.remove(pair);
      publish(pair.answering());
      now.mirror().close();
      now.settings()
          .deployment()
          .shadowEnded(describe(pair, now.settings()), now.mirror().report().comparisons());
    }
  }

  private void begin(Map<Pair, Settings> wanted) {
    wanted.forEach(
        (pair, settings) -> {
          if (running.containsKey(pair)) {
            return;
          }
          Mirror.start(pair.answering(), pair.shadow(), settings.percent(), settings.tolerance())
              .ifPresent(
                  mirror -> {
                    running.put(pair, new Running(settings, mirror));
                    publish(pair.answering());
                    settings.deployment().shadowBegan(describe(pair, settings));
                  });
        });
  }

  private void publish(ServedVersion answering) {
    List<Mirror> mirrors = new ArrayList<>();
    running.forEach(
        (pair, now) -> {
          if (pair.answering() == answering) {
            mirrors.add(now.mirror());
          }
        });
    answering.mirrorTo(mirrors);
  }

  private static String describe(Pair pair, Settings settings) {
    return "version %d runs copies of %d %% of what version %d answers"
        .formatted(pair.shadow().version(), settings.percent(), pair.answering().version());
  }
}
