// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.gate.MetricSource;
import dev.millrace.backends.repository.ModelRepository;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The versions that deployments need, as far as they have come: brought here ({@link
 * DeployedLoads}), given traffic ({@link Rollouts}), put to sleep ({@link Sleepers}) and let go of.
 * The control thread's.
 */
final class DeployedModels {
  private static final Logger log = LoggerFactory.getLogger(DeployedModels.class);

  private final Deployments declared;
  private final Loads loads;
  private final DeployedLoads deployedLoads;
  private final Rollouts rollouts;
  private final Runnable changed;
  private final MemoryLedger memory;
  private final LongSupplier nanoClock;
  private final SortedMap<String, SortedMap<Long, Slot>> deployed = new TreeMap<>();

  /** Whose the slots of {@link #deployed} are: a name may be declared anew. */
  private final Map<String, Declared> owners = new HashMap<>();

  private final Sleepers sleepers = new Sleepers();
  private final Setbacks setbacks = new Setbacks();

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
      MemoryLedger memory,
      Runnable changed,
      LongSupplier nanoClock) {
    this.declared = declared;
    this.memory = memory;
    this.loads = loads;
    this.deployedLoads = new DeployedLoads(repository, routes, loads, nanoClock);
    this.rollouts = new Rollouts(metrics, setbacks, changed, nanoClock);
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
    int now = served.wantedReplicas();
    int replicas = spec.replicasFrom(now, configured);
    try {
      // another thread may be at it; whoever asks is told when they are there
      boolean areComing = served.replicaCount() != replicas && served.missingReplicas().isEmpty();
      if (replicas != now || areComing) {
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
    rollouts.forget(name);
    Declared owner = owners.remove(name);
    if (owner != null) {
      sleepers.remove(owner);
      setbacks.remove(owner);
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
      deployedLoads.loadIfDue(
          deployment, version, slot, d -> rollouts.forget(d.name()), this::reconcileOwner);
    }
    tellSettings(deployment, slots);
    rollouts.look(deployment, slots);
    retireAllBut(deployment, slots);
  }

  /** Unless it was deleted meanwhile. */
  private void reconcileOwner(Declared deployment) {
    if (owners.get(deployment.name()) == deployment) {
      reconcile(deployment);
    }
  }

  private List<Long> needed(Declared deployment) {
    return sleepers.isAsleep(deployment) ? List.of() : deployment.needed();
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

  /** Takes down what nobody is sent to any more. */
  private void retireAllBut(Declared deployment, SortedMap<Long, Slot> slots) {
    List<Long> superfluous = new ArrayList<>(slots.keySet());
    superfluous.removeAll(needed(deployment));
    // while the new stable version is not there, after a restart, whatever is there serves
    boolean complete =
        sleepers.isAsleep(deployment)
            || !Slot.served(slots, deployment.traffic().versions()).isEmpty();
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

  /**
   * Puts those to sleep that have not been called for longest and whose memory suffices together;
   * none, and false, if there are not enough.
   */
  boolean makeRoom(long missingBytes) {
    if (missingBytes <= 0) {
      return true;
    }
    List<Declared> idle =
        Sleepers.longestIdleFirst(
            owners.values().stream().filter(owner -> !isLoading(owner)).toList(),
            owner -> Slot.served(slotsOf(owner), slotsOf(owner).keySet()));
    List<Declared> leaving = Eviction.choose(idle, this::reservedBytes, missingBytes);
    for (Declared deployment : leaving) {
      log.info("deployment {}: unloaded to make room", deployment.name());
      deployment.changedByCalls("loaded", "asleep, to make room");
      sleepers.putToSleep(deployment);
      retireAllBut(deployment, slotsOf(deployment));
    }
    return !leaving.isEmpty();
  }

  /** What may be about to take over from what would make room for it is not let go of. */
  private boolean isLoading(Declared deployment) {
    return slotsOf(deployment).values().stream().anyMatch(slot -> slot.isLoading);
  }

  private long reservedBytes(Declared deployment) {
    return slotsOf(deployment).values().stream()
        .filter(Slot::isServing)
        .map(slot -> slot.artifact)
        .filter(Objects::nonNull)
        .mapToLong(memory::reservedBytes)
        .sum();
  }

  /**
   * Tries again what lacked memory that seems to be there now.
   *
   * @return whether it is to be found out again what is declared
   */
  boolean takeRoom() {
    for (Declared deployment : List.copyOf(owners.values())) {
      // all of them: a slot says so once
      if (slotsOf(deployment).values().stream().filter(Slot::takeRoom).count() > 0) {
        reconcile(deployment);
      }
    }
    return setbacks.endThoseOver();
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
    List<ServedVersion> served = Slot.served(slots, slots.keySet());
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
    return declared.all().stream().anyMatch(Rollouts::isBaking);
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
        } else if (Rollouts.isBaking(deployment)) {
          rollouts.look(deployment, slots);
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
