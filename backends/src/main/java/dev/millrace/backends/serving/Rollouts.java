// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.Rollout;
import dev.millrace.backends.gate.MetricSource;
import dev.millrace.backends.gate.Seen;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.LongSupplier;

/** Sees how far rollouts have come, and measures their steps. The control thread's. */
final class Rollouts {
  private final MetricSource metrics;
  private final Setbacks setbacks;
  private final Runnable changed;
  private final LongSupplier nanoClock;
  private final Map<String, StepMeter> meters = new HashMap<>();

  /**
   * @param metrics of versions that serve
   * @param setbacks are added to
   * @param changed called after each change of traffic
   */
  Rollouts(MetricSource metrics, Setbacks setbacks, Runnable changed, LongSupplier nanoClock) {
    this.metrics = metrics;
    this.setbacks = setbacks;
    this.changed = changed;
    this.nanoClock = nanoClock;
  }

  /** What was measured is of versions that are not there any more. */
  void forget(String deployment) {
    meters.remove(deployment);
  }

  static boolean isBaking(Declared deployment) {
    return deployment.rollout().filter(r -> r.phase() == Rollout.Phase.BAKING).isPresent();
  }

  /** Sees how far a rollout has come. */
  void look(Declared deployment, SortedMap<Long, Slot> slots) {
    Rollout rollout = deployment.rollout().orElse(null);
    if (rollout == null || rollout.phase().isOver()) {
      meters.remove(deployment.name());
    } else if (rollout.phase() == Rollout.Phase.LOADING) {
      meters.remove(deployment.name()); // of a rollout before
      Optional<String> obstacle = obstacle(deployment, rollout, slots);
      if (obstacle.isPresent()) {
        fail(deployment, obstacle.get(), setback(rollout, slots));
      } else if (Slot.served(slots, rollout.to().versions()).size()
          == rollout.to().versions().size()) {
        deployment.ready();
        beginStep(deployment, slots);
      }
    } else {
      StepMeter meter = meters.get(deployment.name());
      if (meter == null || advance(deployment, rollout, meter, slots)) {
        beginStep(deployment, slots);
      }
    }
  }

  private void fail(Declared deployment, String why, Optional<Shortage> setback) {
    if (setback.isPresent()) {
      setbacks.add(deployment, setback.get());
      deployment.failedForNow(why);
    } else {
      deployment.failed(why);
    }
  }

  /** What more memory for all models would mend. */
  private static Optional<Shortage> setback(Rollout rollout, SortedMap<Long, Slot> slots) {
    return rollout.to().versions().stream()
        .map(version -> Optional.ofNullable(slots.get(version)).flatMap(Slot::setback))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private boolean advance(
      Declared deployment, Rollout rollout, StepMeter meter, SortedMap<Long, Slot> slots) {
    // a version that served before as well is no candidate
    SortedSet<Long> candidates = new TreeSet<>(rollout.to().versions());
    candidates.removeAll(rollout.from().versions());
    return deployment.advance(
        candidates.isEmpty()
            ? Seen.noCandidate()
            : meter.look(
                Slot.served(slots, candidates),
                Slot.served(slots, rollout.from().versions()),
                nanoClock.getAsLong()));
  }

  private void beginStep(Declared deployment, SortedMap<Long, Slot> slots) {
    changed.run();
    List<ServedVersion> versions = Slot.served(slots, slots.keySet());
    long now = nanoClock.getAsLong();
    meters.compute(
        deployment.name(),
        (name, before) ->
            before == null
                ? StepMeter.first(
                    versions, metrics, deployment.spec().update().gates().limits(), now)
                : before.next(versions, now));
  }

  /** Why the new versions of a rollout cannot take over; empty if they can, or may yet. */
  private static Optional<String> obstacle(
      Declared deployment, Rollout rollout, SortedMap<Long, Slot> slots) {
    for (long version : rollout.to().versions()) {
      Slot slot = slots.get(version);
      if (slot != null && !slot.isServing() && slot.isGivenUp()) {
        return Optional.of("version " + version + ": " + slot.reason);
      }
    }
    return deployment.spec().update().allowSignatureChange()
        ? Optional.empty()
        : otherSignature(rollout, slots);
  }

  private static Optional<String> otherSignature(Rollout rollout, SortedMap<Long, Slot> slots) {
    for (ServedVersion old : Slot.served(slots, rollout.from().versions())) {
      for (ServedVersion next : Slot.served(slots, rollout.to().versions())) {
        if (!old.signature().inputs().equals(next.signature().inputs())
            || !old.signature().outputs().equals(next.signature().outputs())) {
          return Optional.of(
              "version %d takes %s and gives %s; version %d takes %s and gives %s (expected the same, or allow_signature_change)"
                  .formatted(
                      old.version(),
                      old.signature().inputs(),
                      old.signature().outputs(),
                      next.version(),
                      next.signature().inputs(),
                      next.signature().outputs()));
        }
      }
    }
    return Optional.empty();
  }
}
