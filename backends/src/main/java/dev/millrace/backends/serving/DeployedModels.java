// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.Rollout;
import dev.millrace.backends.gate.MetricSource;
import dev.millrace.backends.gate.Seen;
import dev.millrace.backends.repository.ConfigOverlay;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The versions that deployments need, as far as they have come, and the traffic between them. The
 * control thread's.
 *
 * <p>What could not be brought here, and what has served before, is tried again after a while; a
 * new version that cannot be loaded is not.
 */
final class DeployedModels {
  private static final Logger log = LoggerFactory.getLogger(DeployedModels.class);

  private final ModelRepository repository;
  private final Deployments declared;
  private final Routes routes;
  private final Loads loads;
  private final MetricSource metrics;
  private final Runnable changed;
  private final LongSupplier nanoClock;
  private final SortedMap<String, SortedMap<Long, Slot>> deployed = new TreeMap<>();
  private final Map<String, StepMeter> meters = new HashMap<>();

  /** Whose the slots of {@link #deployed} are: a name may be declared anew. */
  private final Map<String, Declared> owners = new HashMap<>();

  private final Sleepers sleepers = new Sleepers();

  /**
   * @param metrics of versions that serve
   * @param changed called after each change of a slot or of traffic
   */
  DeployedModels(
      ModelRepository repository,
      Deployments declared,
      Routes routes,
      Loads loads,
      MetricSource metrics,
      Runnable changed,
      LongSupplier nanoClock) {
    this.repository = repository;
    this.declared = declared;
    this.routes = routes;
    this.loads = loads;
    this.metrics = metrics;
    this.changed = changed;
    this.nanoClock = nanoClock;
  }

  SortedMap<String, SortedMap<Long, Slot>> slots() {
    return deployed;
  }

  boolean isServing(String name) {
    SortedMap<Long, Slot> slots = deployed.get(name);
    return slots != null && slots.values().stream().anyMatch(Slot::isServing);
  }

  /** Has a version have the replicas that are declared; of any thread. */
  static void scale(ServedVersion served, DeploymentSpec spec, int configured) {
    int now = served.replicaCount();
    int replicas = spec.replicasFrom(now, configured);
    try {
      if (replicas != now) {
        served.scaleTo(replicas);
      }
    } catch (RuntimeException | Error e) {
      log.error("{}: cannot have {} replicas", served, replicas, e);
    }
  }

  /** Brings all that serves in line with what is declared. */
  void reconcile() {
    Set<String> names = declared.all().stream().map(Declared::name).collect(Collectors.toSet());
    for (String name : List.copyOf(deployed.keySet())) {
      if (!names.contains(name)) {
        takeDown(name);
        log.info("deployment {}: removed", name);
      }
    }
    for (Declared deployment : declared.all()) {
      try {
        reconcile(deployment);
      } catch (RuntimeException | Error e) {
        log.error("deployment {}: a pass failed, what was loaded stays", deployment.name(), e);
      }
    }
  }

  private void takeDown(String name) {
    meters.remove(name);
    Declared owner = owners.remove(name);
    if (owner != null) {
      sleepers.remove(owner);
    }
    SortedMap<Long, Slot> slots = deployed.remove(name);
    if (slots != null) {
      changed.run();
      slots.values().forEach(loads::retire);
    }
  }

  private void reconcile(Declared deployment) {
    String name = deployment.name();
    if (owners.get(name) != deployment) {
      takeDown(name); // of a deployment that was deleted
      owners.put(name, deployment);
      sleepers.add(deployment);
    }
    SortedMap<Long, Slot> slots = deployed.computeIfAbsent(name, key -> new TreeMap<>());
    deployment.saveAgain();
    for (long version : needed(deployment)) {
      Slot slot = slots.computeIfAbsent(version, key -> new Slot());
      slot.required = true;
      if (slot.served != null) {
        scale(slot.served, deployment.spec(), slot.configuredReplicas);
      }
      if (isToBeLoaded(deployment, version, slot)) {
        load(deployment, version, slot);
      }
    }
    tellSettings(deployment, slots);
    shift(deployment, slots);
    retireAllBut(deployment, slots);
  }

  private List<Long> needed(Declared deployment) {
    return sleepers.isAsleep(deployment) ? List.of() : deployment.needed();
  }

  private boolean isToBeLoaded(Declared deployment, long version, Slot slot) {
    if (slot.isLoading) {
      return false;
    }
    if (!slot.config.equals(deployment.spec().config())) {
      return true;
    }
    if (slot.untilRetry(nanoClock.getAsLong()) > 0) {
      return false;
    }
    if (slot.isServing()) {
      return slot.isMissing();
    }
    return !slot.isGivenUp() || deployment.stable().points(version) > 0;
  }

  /** Says whether what is needed has been tried with the settings that are declared. */
  private void tellSettings(Declared deployment, SortedMap<Long, Slot> slots) {
    String config = deployment.spec().config();
    List<String> problems = new ArrayList<>();
    for (long version : needed(deployment)) {
      Slot slot = slots.get(version);
      if (slot == null || slot.isLoading || !slot.config.equals(config)) {
        return;
      }
      if (slot.isServing() && slot.state == VersionState.FAILED) {
        problems.add("version " + version + ": " + slot.reason);
      }
    }
    deployment.configured(config, String.join("; ", problems));
  }

  private void load(Declared deployment, long version, Slot slot) {
    String config = deployment.spec().config();
    slot.begin(config);
    boolean replaces = slot.isServing();
    loads.load(
        deployment.name(),
        version,
        slot,
        () -> find(deployment, version, slot, config),
        () -> {
          if (slot.state == VersionState.READY) {
            slot.succeeded();
            if (replaces) {
              meters.remove(deployment.name()); // it knows of what was replaced
            }
          } else if (!slot.isGivenUp() || deployment.stable().points(version) > 0) {
            slot.retryLater(nanoClock.getAsLong());
          }
          if (owners.get(deployment.name()) == deployment) {
            reconcile(deployment);
          }
        });
  }

  /** The loading thread's. */
  private Loads.Wanted find(Declared deployment, long version, Slot slot, String config)
      throws IOException {
    DeploymentSpec spec = deployment.spec();
    ModelEntry entry =
        ConfigOverlay.over(
            repository.resolve(spec.model(), new VersionSelector.Exactly(version)), config);
    if (entry.problem().isPresent()) {
      throw new IOException(entry.problem().get());
    }
    slot.configuredReplicas = entry.manifest().replicas();
    // a version that is to take over begins with what the load has made of the one before
    int now =
        routes.ready(spec.name()).stream().mapToInt(ServedVersion::replicaCount).max().orElse(0);
    return new Loads.Wanted(
        entry,
        entry.versions().getFirst(),
        entry.manifest().withReplicas(spec.replicasFrom(now, slot.configuredReplicas)));
  }

  // --- rollouts

  /** Sees how far a rollout has come. */
  private void shift(Declared deployment, SortedMap<Long, Slot> slots) {
    Rollout rollout = deployment.rollout().orElse(null);
    if (rollout == null || rollout.phase().isOver()) {
      meters.remove(deployment.name());
    } else if (rollout.phase() == Rollout.Phase.LOADING) {
      meters.remove(deployment.name()); // of a rollout before
      Optional<String> obstacle = obstacle(deployment, rollout, slots);
      if (obstacle.isPresent()) {
        deployment.failed(obstacle.get());
      } else if (served(slots, rollout.to().versions()).size() == rollout.to().versions().size()) {
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

  private boolean advance(
      Declared deployment, Rollout rollout, StepMeter meter, SortedMap<Long, Slot> slots) {
    // a version that served before as well is no candidate
    SortedSet<Long> candidates = new TreeSet<>(rollout.to().versions());
    candidates.removeAll(rollout.from().versions());
    return deployment.advance(
        candidates.isEmpty()
            ? Seen.noCandidate()
            : meter.look(
                served(slots, candidates),
                served(slots, rollout.from().versions()),
                nanoClock.getAsLong()));
  }

  private void beginStep(Declared deployment, SortedMap<Long, Slot> slots) {
    changed.run();
    List<ServedVersion> versions = served(slots, slots.keySet());
    long now = nanoClock.getAsLong();
    meters.compute(
        deployment.name(),
        (name, before) ->
            before == null
                ? StepMeter.first(
                    versions, metrics, deployment.spec().update().gates().limits(), now)
                : before.next(versions, now));
  }

  private static List<ServedVersion> served(SortedMap<Long, Slot> slots, Set<Long> versions) {
    List<ServedVersion> served = new ArrayList<>();
    for (long version : versions) {
      Slot slot = slots.get(version);
      if (slot != null && slot.served != null) {
        served.add(slot.served);
      }
    }
    return served;
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
    if (deployment.spec().update().allowSignatureChange()) {
      return Optional.empty();
    }
    for (ServedVersion old : served(slots, rollout.from().versions())) {
      for (ServedVersion next : served(slots, rollout.to().versions())) {
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

  /** Takes down what nobody is sent to any more. */
  private void retireAllBut(Declared deployment, SortedMap<Long, Slot> slots) {
    List<Long> superfluous = new ArrayList<>(slots.keySet());
    superfluous.removeAll(needed(deployment));
    // while the new stable version is not there, after a restart, whatever is there serves
    boolean complete =
        sleepers.isAsleep(deployment) || !served(slots, deployment.traffic().versions()).isEmpty();
    for (long number : superfluous) {
      Slot slot = slots.get(number);
      if (slot != null && (complete || !slot.isServing())) {
        slots.remove(number);
        changed.run();
        loads.retire(slot);
      }
    }
  }

  // --- loaded on demand

  /** Somebody calls a deployment that is not loaded; whether it slept. */
  boolean wake(String name) {
    Declared deployment = owners.get(name);
    if (deployment == null || !sleepers.wake(deployment, nanoClock.getAsLong())) {
      return false;
    }
    log.info("deployment {}: called, and loaded again", name);
    deployment.changedByCalls("asleep", "called");
    reconcile(deployment);
    return true;
  }

  /** Puts the one to sleep that has not been called for longest; whether there is one. */
  boolean makeRoom() {
    Optional<Declared> idle =
        sleepers.longestIdle(
            owners.values(), owner -> served(slotsOf(owner), slotsOf(owner).keySet()));
    idle.ifPresent(
        deployment -> {
          log.info("deployment {}: unloaded to make room", deployment.name());
          deployment.changedByCalls("loaded", "asleep, to make room");
          retireAllBut(deployment, slotsOf(deployment));
        });
    return idle.isPresent();
  }

  private SortedMap<Long, Slot> slotsOf(Declared deployment) {
    return deployed.getOrDefault(deployment.name(), new TreeMap<>());
  }

  boolean isAsleep(Declared deployment) {
    return sleepers.isAsleep(deployment);
  }

  /** Those that will serve if they are called, or soon. */
  Set<String> dormant() {
    Set<String> dormant = new HashSet<>();
    owners.forEach(
        (name, deployment) -> {
          SortedMap<Long, Slot> slots = deployed.get(name);
          boolean loading = slots != null && slots.values().stream().anyMatch(s -> s.isLoading);
          if (!isServing(name)
              && deployment.spec().autoscaling().isLoadedOnDemand()
              && (loading || sleepers.isAsleep(deployment))) {
            dormant.add(name);
          }
        });
    return dormant;
  }

  private void lookAtIdle(Declared deployment, SortedMap<Long, Slot> slots) {
    List<ServedVersion> served = served(slots, slots.keySet());
    if (sleepers.fallsAsleep(deployment, served, nanoClock.getAsLong())) {
      log.info("deployment {}: not called any more, and unloaded", deployment.name());
      deployment.changedByCalls("loaded", "asleep");
      retireAllBut(deployment, slots);
    }
  }

  // --- what no change points to

  /** Whether there are deployments that may fall asleep. */
  boolean mayFallAsleep() {
    return sleepers.areAnyAwake(declared.all());
  }

  /** Whether a rollout is to be looked at again soon. */
  boolean isBaking() {
    return declared.all().stream().anyMatch(DeployedModels::isBaking);
  }

  private static boolean isBaking(Declared deployment) {
    return deployment.rollout().filter(r -> r.phase() == Rollout.Phase.BAKING).isPresent();
  }

  /** Nanoseconds until a version is to be tried again; the largest number for never. */
  long untilRetry() {
    long now = nanoClock.getAsLong();
    return deployed.values().stream()
        .flatMap(slots -> slots.values().stream())
        .filter(Slot::isWaitingForRetry)
        .mapToLong(slot -> slot.untilRetry(now))
        .min()
        .orElse(Long.MAX_VALUE);
  }

  /** Looks at rollouts, and tries again what is due. */
  void tick() {
    for (Declared deployment : declared.all()) {
      SortedMap<Long, Slot> slots = deployed.get(deployment.name());
      if (slots == null) {
        continue;
      }
      try {
        if (slots.values().stream().anyMatch(Slot::isWaitingForRetry)) {
          reconcile(deployment);
        } else if (isBaking(deployment)) {
          shift(deployment, slots);
          retireAllBut(deployment, slots);
        } else {
          lookAtIdle(deployment, slots);
        }
      } catch (RuntimeException | Error e) {
        log.error("deployment {}: a look failed, what was loaded stays", deployment.name(), e);
      }
    }
  }
}
